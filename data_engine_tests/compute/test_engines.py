from data_engine.compute.engines import Carrier, LocalEngine


class Remembers:
    def __init__(self, *given: object) -> None:
        self.given = given

    def answer(self, *asked: object) -> tuple[object, ...]:
        return (*self.given, *asked)


def test_every_worker_is_asked_the_shared_and_its_own() -> None:
    with LocalEngine(2).workers(Remembers, [("a",), ("b",)]) as workers:
        assert workers.ask("answer", (1,), [(2,), (3,)]) == [("a", 1, 2), ("b", 1, 3)]


def test_spread_work_comes_back_in_its_order() -> None:
    with LocalEngine(3).workers(Carrier, [()] * 3) as workers:
        assert list(workers.spread("carry", [(str, n) for n in range(5)])) == ["0", "1", "2", "3", "4"]


def test_people_are_told_that_it_is_this_process() -> None:
    LocalEngine(2).require_memory(1 << 60)
    assert LocalEngine(2).shown == "this process, 2 shards"
