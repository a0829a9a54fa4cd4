"""What an exhibit shows: pictures, charts, tables and things to play with, each a value that writes its own HTML."""
