"""From what a run recorded to its mark."""

from __future__ import annotations

from minikafka.checker.allowed import Death
from minikafka.checker.judge import judge
from minikafka.checker.operation import Op, Operation, Type
from minikafka.lab.judging import doubt, mark, objection
from minikafka.lab.promise import promise
from minikafka.lab.recorder import Strike
from minikafka.lab.result import Mark
from minikafka.lab.scenario import DUPLICATED, LOST, Configuration, Scenario

ACKS_ONE = Configuration(name="acks=1", shows=LOST, producer={"acks": "1"})
GOOD = Configuration(name="acks=all", producer={"acks": "all"})
DEAD = Strike("broker 1 dead", Death.BROKER, 1.0)


def scenario(*, strikes: bool = True) -> Scenario:
    return Scenario(
        name="one",
        title="",
        claim="",
        truth="",
        article="",
        lesson="",
        configurations=(ACKS_ONE, GOOD),
        run=lambda stage: None,
        strikes=strikes,
    )


def history(*, found: bool, final: bool = True) -> list[Operation]:
    """One acknowledged record, and a reader who found it or did not."""
    lines = [
        Operation(Type.INVOKE, Op.SEND, "p", "r", "t", 0),
        Operation(Type.OK, Op.SEND, "p", "r", "t", 0, 0),
    ]
    if found:
        lines.append(Operation(Type.OK, Op.POLL, "reader", "r", "t", 0, 0))
    return [*lines, Operation(Type.OK, Op.READ, "reader", "", "t", 0, 1, final=final)]


def marked(
    configuration: Configuration,
    lines: list[Operation],
    strikes: list[Strike],
    notes: dict[str, str] | None = None,
) -> tuple[Mark, str]:
    client = judge(lines, promise(configuration, strikes))
    unclear = doubt(scenario(), lines, strikes, client)
    objected = objection(configuration, client, notes or {})
    return mark(unclear, objected), unclear or objected


def test_a_bad_configuration_passes_when_it_shows_its_anomaly() -> None:
    """acks=1 lost what a dead broker had acknowledged: as claimed."""
    assert marked(ACKS_ONE, history(found=False), [DEAD]) == (Mark.PASS, "")


def test_a_bad_configuration_fails_when_nothing_is_lost() -> None:
    """A scenario that cannot show what it warns of proves nothing."""
    assert marked(ACKS_ONE, history(found=True), [DEAD]) == (Mark.FAIL, "did not show lost")


def test_a_good_configuration_fails_when_something_is_lost() -> None:
    """acks=all promises otherwise."""
    verdict, why = marked(GOOD, history(found=False), [DEAD])
    assert verdict is Mark.FAIL
    assert why.startswith("showed lost")


def test_a_run_in_which_nothing_went_wrong_is_inconclusive() -> None:
    """Nothing lost, but nothing struck either: never a pass."""
    assert marked(GOOD, history(found=True), []) == (Mark.INCONCLUSIVE, "nothing went wrong")


def test_a_run_without_a_record_is_inconclusive() -> None:
    """No traffic, no verdict."""
    assert marked(GOOD, [], [DEAD])[0] is Mark.INCONCLUSIVE


def test_a_reader_that_stopped_early_is_inconclusive() -> None:
    """What it did not see may still be there."""
    assert marked(GOOD, history(found=False, final=False), [DEAD]) == (
        Mark.INCONCLUSIVE,
        "nobody read to the end",
    )


def test_an_anomaly_that_the_settings_do_not_permit_is_a_broken_promise() -> None:
    """A bad configuration may show what its settings permit; what they do not is the broker's mistake."""
    claims_too_much = Configuration(name="acks=all", shows=LOST, producer={"acks": "all"})
    verdict, why = marked(claims_too_much, history(found=False), [DEAD])
    assert verdict is Mark.FAIL
    assert "broke a promise" in why


def test_a_note_has_to_be_what_the_configuration_says() -> None:
    """What is no anomaly is held to its words."""
    noted = Configuration(name="fenced", notes={"zombie": "_FENCED"})
    assert marked(noted, history(found=True), [DEAD], {"zombie": "_FENCED"})[0] is Mark.PASS
    assert marked(noted, history(found=True), [DEAD]) == (Mark.FAIL, "zombie: 'not noted', not '_FENCED'")


def test_other_anomalies_of_a_bad_configuration_have_to_be_allowed() -> None:
    """Showing more than is claimed is not as claimed."""
    lines = [*history(found=True), Operation(Type.OK, Op.POLL, "reader", "r", "t", 0, 1)]
    wrong = Configuration(name="loses", shows=LOST, allows=DUPLICATED, producer={"acks": "1"})
    assert marked(wrong, lines, [DEAD])[1].startswith("did not show lost")
