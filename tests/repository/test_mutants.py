"""The seeded bugs of `make mutants` fit the code as it is; whether they are caught takes minutes and is run by hand."""

import pytest
from docs.generate import ROOT
from mutants.bugs import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_applies_exactly_once_and_names_a_test(mutant: Mutant) -> None:
    assert mutant.applied(ROOT) != (ROOT / mutant.file).read_text()
    file, _, test = mutant.test.partition("::")
    text = (ROOT / file).read_text()
    assert f"def {test}(" in text if test else text


def test_there_are_enough_and_no_two_of_a_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20
