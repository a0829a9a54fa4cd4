"""What is learned from and read: MNIST, packs of captioned pictures, the vocabulary, and scenes that are painted."""
