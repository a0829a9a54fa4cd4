"""The vocabulary's tables speak of the packs' names alone, agree with one another, and stay in order."""

from importlib.resources import files

import pytest

from duckrabbit.datasets.prompts import words_of

TABLES = ("emoji", "names", "dropped_subgroups", "kept", "dropped", "synonyms", "twins", "spelling", "places", "styles")
PACKS = ("art", "openmoji", "photos", "icons")


def _lines(table: str) -> list[str]:
    file = files("duckrabbit.datasets") / "vocabulary" / f"{table}.tsv"
    return file.read_text(encoding="utf-8").splitlines()


def _rows(table: str) -> list[list[str]]:
    return [line.split("\t") for line in _lines(table)[1:]]


def _firsts(table: str) -> set[str]:
    return {row[0] for row in _rows(table)}


def _twins() -> list[str]:
    return [name for group in _rows("twins") for name in group]


def _subgroups() -> dict[str, str]:
    return {name: subgroup for name, _, subgroup in _rows("names")}


def _cut_outs() -> set[str]:
    return {name for name, packs, _ in _rows("names") if packs != "photos"}


def _shown() -> set[str]:
    """The names that are not dropped."""
    subgroups, dropped = _subgroups(), _firsts("dropped_subgroups")
    by_subgroup = {name for name, subgroup in subgroups.items() if subgroup in dropped}
    return subgroups.keys() - (by_subgroup - _firsts("kept")) - _firsts("dropped")


def _wording(phrase: str) -> str:
    return " ".join(words_of(phrase))


def _known_phrases() -> set[str]:
    phrases = {phrase for row in _rows("synonyms") for phrase in row[1:]}
    return {_wording(phrase) for phrase in _shown() | phrases}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_a_header_and_sorted_rows_of_tidy_cells(table: str) -> None:
    lines, rows = _lines(table), _rows(table)
    assert lines[0].startswith("# ")
    assert rows
    assert rows == sorted(rows)
    assert not any(line.startswith("#") for line in lines[1:])
    assert all(cell and cell == " ".join(cell.split()) for row in rows for cell in row)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_one_row_for_each_first_column(table: str) -> None:
    rows = _rows(table)
    assert len(_firsts(table)) == len(rows)


@pytest.mark.parametrize(
    ("table", "least", "most"),
    [
        *(("names", 3, 3), ("dropped_subgroups", 2, 2), ("kept", 1, 1), ("dropped", 2, 2)),
        *(("synonyms", 2, 5), ("spelling", 2, 2), ("styles", 2, 6)),
    ],
)
def test_a_table_has_its_columns(table: str, least: int, most: int) -> None:
    assert all(least <= len(row) <= most for row in _rows(table))


def test_names_come_from_known_packs_and_cut_outs_have_a_subgroup() -> None:
    for name, packs, subgroup in _rows("names"):
        assert set(packs.split(",")) <= set(PACKS), name
        assert (subgroup == "-") == (packs == "photos"), name


@pytest.mark.parametrize("table", ["kept", "dropped", "synonyms"])
def test_only_names_of_the_packs_are_spoken_of(table: str) -> None:
    assert _firsts(table) <= _firsts("names")


def test_kept_names_are_exceptions_in_dropped_subgroups_and_dropped_ones_are_elsewhere() -> None:
    subgroups, dropped = _subgroups(), _firsts("dropped_subgroups")
    assert dropped <= set(subgroups.values())
    assert all(subgroups[name] in dropped for name in _firsts("kept"))
    assert all(subgroups[name] not in dropped for name in _firsts("dropped"))
    assert not _firsts("kept") & _firsts("dropped")


def test_only_cut_outs_are_dropped() -> None:
    photographed = {name for name, packs, _ in _rows("names") if "photos" in packs.split(",")}
    assert photographed <= _shown()


def test_every_shown_name_has_phrases_and_no_dropped_one_has() -> None:
    assert _firsts("synonyms") == _shown()
    assert len(_shown() & _cut_outs()) > 1000


def test_phrases_are_plain_lower_case_american_and_differ_in_words() -> None:
    variants = _firsts("spelling")
    for name, *phrases in _rows("synonyms"):
        assert all(phrase.isascii() and phrase == phrase.lower() for phrase in phrases), name
        assert not {word for phrase in phrases for word in phrase.split()} & variants, name
        assert len({_wording(phrase) for phrase in phrases}) == len(phrases), name


def test_twins_are_disjoint_groups_of_shown_names() -> None:
    assert all(len(group) >= 2 and group == sorted(group) for group in _rows("twins"))
    assert len(set(_twins())) == len(_twins())
    assert set(_twins()) <= _shown()


def test_spellings_are_single_words_and_settle_in_one_step() -> None:
    rows = _rows("spelling")
    assert all(word.isalpha() and word == word.lower() for row in rows for word in row)
    assert not {canonical for _, canonical in rows} & _firsts("spelling")


def test_places_are_new_phrases_and_their_kinds_are_known_ones() -> None:
    known = _known_phrases()
    for place, *kinds in _rows("places"):
        assert kinds, place
        assert len(set(kinds)) == len(kinds), place
        assert {_wording(kind) for kind in kinds} <= known, place
        assert _wording(place) not in known, place


def test_a_style_can_begin_a_prompt_and_is_asked_for_in_one_row_only() -> None:
    phrases = [phrase for row in _rows("styles") for phrase in row]
    assert all(phrase.endswith(" of") for phrase in phrases)
    assert len({_wording(phrase) for phrase in phrases}) == len(phrases)
