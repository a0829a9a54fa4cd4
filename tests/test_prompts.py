"""Prompts: what makes no difference, what is known, and what is said of the rest."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from duckrabbit.datasets.names import everyday, kept_names, minor_names, phrases_of, twins
from duckrabbit.datasets.prompts import FIRST_WORD, Vocabulary, spelling, vocabulary_of, words_of
from duckrabbit.networks.text_encoder import PAD, START

WORDS = Vocabulary(("berry", "box", "colorful", "dog", "duck", "of", "painting", "red", "trees", "watercolor"))
words = st.lists(st.sampled_from(WORDS.words), max_size=12)


@pytest.mark.parametrize(
    "prompt",
    [
        "a colorful duck of gray trees",
        "A Colourful DUCK of the grey trees!",
        "the   colourful, duck; of (grey) trees",
        "“Colourful” duck’s of grey trees …",
        "colourful_duck's of grey-trees",
    ],
)
def test_articles_case_spelling_and_punctuation_make_no_difference(prompt: str) -> None:
    assert words_of(prompt) == ["colorful", "duck", "of", "gray", "trees"]


def test_words_are_kept_in_order_and_number() -> None:
    assert words_of("a cat and a cat and two rockets") == ["cat", "and", "cat", "and", "two", "rockets"]
    assert words_of("") == words_of("  ,; ") == words_of("a the an") == []
    assert words_of("smørrebrød 7-up") == ["smørrebrød", "7", "up"]


@given(st.text(max_size=60))
def test_any_text_is_words_that_are_read_again_as_themselves(text: str) -> None:
    once = words_of(text)
    assert all(word and word == word.strip() for word in once)
    assert not set(once) & set(spelling())
    assert words_of(" ".join(once)) == once


@given(words)
def test_known_words_become_their_tokens_after_the_start(known: list[str]) -> None:
    [row] = WORDS.encode([" ".join(known)]).tolist()
    assert row == [START, *(FIRST_WORD + WORDS.words.index(word) for word in known)]


@given(st.lists(words, min_size=1, max_size=5), st.sampled_from([None, 16]))
def test_rows_are_padded_to_the_longest_or_to_a_width(prompts: list[list[str]], width: int | None) -> None:
    tokens = WORDS.encode([" ".join(prompt) for prompt in prompts], width)
    assert tokens.dtype == torch.int64
    assert tokens.shape == (len(prompts), width or 1 + max(map(len, prompts)))
    for row, prompt in zip(tokens.tolist(), prompts, strict=True):
        assert row[1 + len(prompt) :] == [PAD] * (len(row) - 1 - len(prompt))
        assert PAD not in row[: 1 + len(prompt)]
    alone = [WORDS.encode([" ".join(prompt)])[0] for prompt in prompts]
    assert all(torch.equal(row[: len(own)], own) for row, own in zip(tokens, alone, strict=True))


def test_the_null_prompt_is_the_start_alone() -> None:
    assert WORDS.encode([""]).tolist() == [[START]]
    assert WORDS.encode(["nothing known"]).tolist() == [[START]]


def test_tokens_are_distinct_and_as_many_as_there_are() -> None:
    tokens = {WORDS.encode([word])[0, 1].item() for word in WORDS.words}
    assert len(tokens | {PAD, START}) == len(WORDS) == len(WORDS.words) + FIRST_WORD
    assert max(tokens) == len(WORDS) - 1


@pytest.mark.parametrize(
    ("asked", "read"),
    [("ducks", "duck"), ("berries", "berry"), ("boxes", "box"), ("tree", "trees"), ("trees", "trees")],
)
def test_the_other_number_is_understood(asked: str, read: str) -> None:
    assert WORDS.read(asked).words == (read,)
    assert WORDS.read(asked).unknown == ()


def test_unknown_words_are_told_in_order_and_the_rest_is_read() -> None:
    reading = WORDS.read("a red zeppelin of an unknown duck")
    assert reading.words == ("red", "of", "duck")
    assert reading.unknown == ("zeppelin", "unknown")


def test_a_prompt_is_cut_to_its_length() -> None:
    short = Vocabulary(WORDS.words, length=4)
    assert short.read("red red red dog duck").words == ("red", "red", "red")
    assert short.encode(["red red red dog duck"]).shape == (1, 4)


def test_near_words_are_known_ones_and_like_the_one_asked() -> None:
    assert WORDS.near("duk")[0] == "duck"
    assert WORDS.near("paintings")[0] == "painting"
    assert WORDS.near("zzzz") == []
    assert set(WORDS.near("dug", 2)) <= set(WORDS.words)
    assert len(WORDS.near("dock", 1)) == 1


def test_a_vocabulary_is_every_word_of_its_phrases_once_in_order() -> None:
    made = vocabulary_of(["A red dog", "the Dog of colour"])
    assert made.words == ("color", "dog", "of", "red")
    assert made == vocabulary_of(["colour of red", "dog dog"])
    assert vocabulary_of([]).words == ()


def test_every_kept_name_has_what_people_call_it() -> None:
    kept = kept_names()
    assert len(kept) > 1000
    assert minor_names() & kept
    for name in kept:
        phrases = phrases_of(name)
        assert phrases[0] == name
        assert len(set(phrases)) == len(phrases)
        assert everyday(name) in phrases
    assert everyday("dog face") == "dog"
    assert phrases_of("no such name") == ("no such name",)
    assert everyday("no such name") == "no such name"


def test_twins_agree_on_their_first() -> None:
    groups = twins()
    assert all(groups[first] == first for first in groups.values())
    assert set(groups.values()) < set(groups)


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("🦆", "duck"),
        ("a 🐶 and a ❤️", "dog and heart"),
        ("an oil painting of ❤", "oil painting of heart"),
        ("👩‍🚀🚀", "astronaut rocket"),
        ("🐰🏽", "rabbit"),  # a skin tone
        ("★", "star"),  # not in the packs: Unicode's own name
        ("ｄｕｃｋ 𝓭𝓾𝓬𝓴", "duck duck"),
        ("1️⃣ duck", "1 duck"),
        ("!!! … ?", ""),
    ],
)
def test_emojis_are_read_as_what_they_show_and_letters_as_letters(prompt: str, read: str) -> None:
    assert " ".join(words_of(prompt)) == read


def test_accents_are_understood_where_the_word_is_known_without() -> None:
    assert WORDS.read("a dück, a dúçk").words == ("duck", "duck")


def test_what_comes_too_late_to_be_read_is_told() -> None:
    reading = Vocabulary(WORDS.words, length=4).read("red dog zeppelin duck box trees")
    assert (reading.words, reading.beyond) == (("red", "dog", "duck"), ("box", "trees"))
