"""Studies on small networks: the same table wherever it is done, resumed, read back; bad files refused."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from racing import race
from small_bundles import small_bundle

from textgen.measuring.diversity import NAMES, distinct, self_bleu
from textgen.measuring.study import executors
from textgen.measuring.study import store as store_module
from textgen.measuring.study import units as study_units
from textgen.measuring.study.executors import run
from textgen.measuring.study.human import human_figures, reference
from textgen.measuring.study.settings import (
    Condition,
    Settings,
    StudyError,
    parse_filter,
    parse_temperatures,
    prompt_text,
)
from textgen.measuring.study.store import Store
from textgen.measuring.study.table import COLUMNS, Study, read_study
from textgen.measuring.study.units import Unit, measure_all, units
from textgen.network.bundle import load_bundle
from textgen.text.recipe import Recipe
from textgen.writing.generate import generate
from textgen.writing.sampling import Sampler


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    one, two = small_bundle(folder / "one", seed=1), small_bundle(folder / "two", size=50, seed=2)
    recipes = [Recipe(f"w{i}", (" ".join(f"w{(i * k) % 40}" for k in range(5 + i)),)) for i in range(1, 9)]
    for name in (one, two):
        human = human_figures(load_bundle(name), recipes)
        (Path(name) / "measured.json").write_text(json.dumps({"human": human}))
    study_units._bundles.clear()
    return one, two


@pytest.fixture
def settings(models):
    return Settings(
        prompts=("w3 w4", "w5 | w6"),
        temperatures=(0.0, 0.7, 1.5),
        models=models,
        filters=("none", "top_k=5"),
        texts=9,
        max_words=8,
        seed=3,
        judges=(models[1], models[0]),
    )


def done(settings, **how) -> Study:
    study = Study(settings)
    for unit, result in run(settings, **how):
        study.add(unit, result)
    return study


def test_a_cell_is_what_generate_writes_and_measures_say(settings, models):
    study = done(settings, threads=1)
    assert study.complete and len(study.rows()) == 24 * len(NAMES)
    bundle, judge = load_bundle(models[0]), load_bundle(models[1])
    for condition in (settings.conditions[1], settings.conditions[10]):
        assert condition.model == models[0]
        sampler = Sampler(condition.temperature, suppress=(1,), **parse_filter(condition.filter))
        runs = [
            list(generate(bundle, prompt_text(condition.prompt), sampler=sampler, max_tokens=8, seed=3 + n))
            for n in range(9)
        ]
        texts = [[step.word for step in steps if step.word] for steps in runs]
        figures = study.figures[condition]
        assert figures.samples == tuple(" ".join(text) for text in texts)
        assert figures.of("distinct_2")[0] == pytest.approx(distinct(texts, 2))
        assert figures.of("self_bleu")[0] == pytest.approx(self_bleu(texts))
        grams = [list(zip(*(text[k:] for k in range(4)), strict=False)) for text in texts]
        repeated = sum(len(some) - len(set(some)) for some in grams) / sum(map(len, grams))
        assert figures.of("repetition")[0] == pytest.approx(repeated)
        assert figures.of("words")[0] == pytest.approx(np.mean([len(text) for text in texts]))
        nats, count = 0.0, 0
        for steps in runs:
            words = [*prompt_text(condition.prompt).split(), *(step.word for step in steps)]
            ids = judge.vocabulary.encode(words)
            state = judge.model.start(1)
            for t, token in enumerate(ids[:-1]):
                hidden, state = judge.model.step([token], state)
                if t + 1 >= len(ids) - len(steps):
                    logits = judge.model.logits(hidden)[0].astype(float)
                    nats += math.log(np.exp(logits).sum()) - logits[ids[t + 1]]
                    count += 1
        assert figures.of("judged")[0] == pytest.approx(math.exp(nats / count), rel=1e-4)


def test_where_and_in_what_order_the_work_is_done_changes_no_byte(settings, monkeypatch):
    whole = done(settings, threads=1)
    assert done(settings, threads=3).to_parquet() == whole.to_parquet()
    backwards = Study(settings)
    for unit in reversed(units(settings)):
        backwards.add(unit, *measure_all([unit], threads=2))
    assert backwards.to_parquet() == whole.to_parquet()
    assert backwards.to_csv() == whole.to_csv()
    # Sets of texts are the units of work: which of them is done first changes nothing either.
    monkeypatch.setattr(study_units, "LARGEST_SET", 4)
    parts = units(settings)
    assert len(parts) == 24 * 3 and {unit.count for unit in parts} == {3}
    halves = [Study(settings), Study(settings)]
    for unit in parts:
        halves[0].add(unit, *measure_all([unit]))
    for unit in reversed(parts):
        halves[1].add(unit, *measure_all([unit]))
    assert halves[0].to_parquet() == halves[1].to_parquet()
    condition = settings.conditions[2]
    assert halves[0].figures[condition].of("words") == whole.figures[condition].of("words")
    assert halves[0].figures[condition].samples == whole.figures[condition].samples


@pytest.mark.slow
def test_processes_of_this_machine_give_the_same_table(settings):
    few = dataclasses.replace(settings, filters=("none",), temperatures=(0.0, 1.0))
    assert done(few, processes=2).to_parquet() == done(few, threads=1).to_parquet()


def test_an_interrupted_study_goes_on_where_it_stopped(settings, tmp_path, monkeypatch):
    whole = done(settings, threads=1)
    monkeypatch.setattr(executors, "_GROUP_WORDS", 150)  # two conditions of 72 words
    store = Store(tmp_path / "cells")
    count = 0

    def stop():
        return count >= 7

    for _ in run(settings, store=store, threads=1, stop=stop):
        count += 1
    kept = len(list(store.folder.glob("*.npz")))
    assert 7 <= kept < 24
    measured = []
    real = executors.measure_all
    monkeypatch.setattr(
        executors, "measure_all", lambda some, *more: measured.extend(some) or real(some, *more)
    )
    assert done(settings, store=store, threads=1).to_parquet() == whole.to_parquet()
    assert len(measured) == 24 - kept
    # Other texts of the same names are other units; a damaged file is done again.
    other = dataclasses.replace(settings, seed=4)
    assert all(unit not in store for unit in units(other))
    next(iter(store.folder.glob("*.npz"))).write_bytes(b"PK broken")
    measured.clear()
    assert done(settings, store=store, threads=1).to_parquet() == whole.to_parquet()
    assert len(measured) == 1
    store.clear()
    assert not store.folder.exists()


def test_a_full_disk_keeps_what_is_finished(settings, tmp_path, monkeypatch):
    store = Store(tmp_path / "cells")
    real, written = store_module.write_atomically, []

    def full(path):
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(path)
        return real(path)

    monkeypatch.setattr(store_module, "write_atomically", full)
    with pytest.raises(OSError, match="No space"):
        done(settings, store=store, threads=1)
    assert sum(unit in store for unit in units(settings)) == 3
    assert all(path.suffix == ".npz" for path in store.folder.iterdir())


def test_what_studies_begun_before_have_kept_is_still_found():
    condition = Condition("large", "gru", "apple pie", "top_k=40", 0.7)
    unit = Unit(condition, first=0, count=64, seed=3, max_words=60, marks=("a", "b", "c"))
    assert unit.key == "bb03e93832650b2061d1ba4c4e16f714906b7d1a"


def test_another_network_of_the_same_name_is_another_unit(tmp_path, models):
    name = small_bundle(tmp_path / "net", seed=5)
    settings = Settings(("w3",), (1.0,), (name,), texts=2, max_words=3, judges=(models[0],))
    (before,) = units(settings)
    small_bundle(tmp_path / "net", seed=6)
    study_units.marks_of.cache_clear()
    study_units._bundles.clear()
    (after,) = units(settings)
    assert before.key != after.key
    with pytest.raises(StudyError, match="another version"):
        measure_all([before])


def test_a_file_is_the_study(settings, tmp_path):
    study = done(settings)
    study.save(tmp_path / "study.parquet")
    again = read_study(tmp_path / "study.parquet")
    assert again.settings == settings and again.complete
    assert again.to_parquet() == study.to_parquet() == (tmp_path / "study.parquet").read_bytes()
    rows = list(csv.DictReader(io.StringIO(study.to_csv())))
    assert tuple(rows[0]) == COLUMNS
    assert {row["seed"] for row in rows} == {"3"} and {row["max_words"] for row in rows} == {"8"}
    value = study.figures[settings.conditions[1]].of("perplexity")[0]
    assert float(rows[len(NAMES) + NAMES.index("perplexity")]["value"]) == value


def test_part_of_a_study_can_be_kept_and_read(settings):
    study = Study(settings)
    for unit in units(settings)[5:9]:
        study.add(unit, *measure_all([unit]))
    again = read_study(study.to_parquet())
    assert not again.complete and list(again.figures) == [
        c for c in settings.conditions if c in study.figures
    ]
    assert again.rows() == study.rows()


def test_equal_texts_at_zero_have_no_width_and_human_text_is_known(settings):
    study = done(settings)
    for condition, figures in study.figures.items():
        assert (figures.low <= figures.value).sum() == np.isfinite(figures.value).sum()
        if condition.temperature == 0:
            assert np.array_equal(figures.low, figures.value, equal_nan=True)
            assert np.array_equal(figures.high, figures.value, equal_nan=True)
            assert figures.of("self_bleu")[0] == 1
        assert np.isfinite(figures.human[NAMES.index("judged")])
    one, two = (study.figures[condition] for condition in settings.conditions[::12])
    assert one.human[NAMES.index("judged")] == two.human[NAMES.index("perplexity")]


def test_a_formula_in_a_prompt_stays_text(models):
    settings = Settings(("=w3()",), (1.0,), models[:1], texts=1, max_words=2, judges=(models[1],))
    assert "'=w3()" in done(settings).to_csv()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:2:0.5", (0, 0.5, 1, 1.5, 2)),
        ("0.1:0.3:0.1", (0.1, 0.2, 0.3)),
        ("0:1:0.3", (0, 0.3, 0.6, 0.9)),
        ("1:1:0.1", (1,)),
        ("0.2,0.7", (0.2, 0.7)),
        ("0.5:0.7", (0.5, 0.6, 0.7)),
    ],
)
def test_temperatures(text, expected):
    assert parse_temperatures(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2:0:0.1", "reversed"),
        ("0:2:0", "above 0"),
        ("0:2:-1", "above 0"),
        ("-1:2:0.1", "0 or more"),
        ("0:2:0.0001", "at most 1,001"),
        ("0:nan:1", "three numbers"),
        ("0:inf:1", "three numbers"),
        ("", "FROM:TO:STEP"),
        ("warm", "FROM:TO:STEP"),
        ("1:2:3:4", "three numbers"),
    ],
)
def test_bad_temperatures_are_a_sentence(text, reason):
    with pytest.raises(StudyError, match=reason):
        parse_temperatures(text)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prompts": ()}, "prompts"),
        ({"prompts": ("  ",)}, "empty"),
        ({"temperatures": ()}, "no temperature"),
        ({"temperatures": (-1.0,)}, "temperature"),
        ({"models": ()}, "models"),
        ({"texts": 0}, "texts"),
        ({"texts": True}, "texts"),
        ({"max_words": 0}, "max_words"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64 - 1}, "seed"),
        ({"filters": ("top_k=0",)}, "top_k"),
        ({"filters": ("top_z=1",)}, "a filter is"),
        ({"filters": ("top_p=2",)}, "top_p"),
        ({"prompts": tuple(f"w{i}" for i in range(9000))}, "54,000 combinations"),
    ],
)
def test_bad_settings_are_a_sentence(models, changes, reason):
    with pytest.raises(StudyError, match=reason):
        Settings(**{"prompts": ("w3",), "models": models, "temperatures": (0.0, 1.0, 2.0), **changes})


def rewritten(data: bytes, change) -> bytes:
    table = pq.read_table(io.BytesIO(data))
    about = json.loads(table.schema.metadata[b"simmer.study"])
    table = change(table, about) or table
    table = table.replace_schema_metadata({b"simmer.study": json.dumps(about).encode()})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def set_in(**changes):
    return lambda table, about: about.update(changes)


def in_settings(**changes):
    return lambda table, about: about["settings"].update(changes)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (set_in(format=99), "version 99"),
        (set_in(settings=None), "settings"),
        (set_in(samples=[]), "belong together"),
        (lambda table, about: about["samples"].__setitem__(0, [5]), "not texts"),
        (in_settings(texts="many"), "texts"),
        (in_settings(temperatures=[0.0, math.nan]), "settings"),
        (in_settings(models=["x"]), "settings|order"),
        (in_settings(judges=[1, 2]), "judge"),
        (lambda table, about: table.drop_columns(["human"]), "not one that this program writes"),
        (lambda table, about: table.slice(3), "belong together"),
        (
            lambda table, about: table.set_column(
                6, "value", pa.array(["x"] * len(table), pa.string())
            ),
            "not one that this program writes",
        ),
        (lambda table, about: table.take(list(range(len(table)))[::-1]), "order"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_study_is_a_sentence(settings, change, reason):
    small = dataclasses.replace(settings, filters=("none",), texts=2, max_words=2, temperatures=(0.5, 1.0))
    data = done(small).to_parquet()
    with pytest.raises(StudyError, match=reason):
        read_study(rewritten(data, change))


def without(measure):
    return lambda table, about: table.filter(pc.not_equal(table["measure"], measure))


def test_a_study_of_before_a_measure_was_there_is_read_without_it(settings):
    study = done(settings)
    again = read_study(rewritten(study.to_parquet(), without("repetition")))
    k = NAMES.index("repetition")
    for condition, figures in again.figures.items():
        assert np.isnan([figures.value[k], figures.low[k], figures.human[k]]).all()
        others = [n for n in range(len(NAMES)) if n != k]
        assert np.array_equal(figures.value[others], study.figures[condition].value[others], equal_nan=True)


def test_a_measure_of_another_version_is_named(settings):
    def renamed(table, about):
        names = pc.replace_substring(table["measure"], "repetition", "boredom")
        return table.set_column(COLUMNS.index("measure"), "measure", names.combine_chunks())

    with pytest.raises(StudyError, match="does not know: 'boredom'"):
        read_study(rewritten(done(settings).to_parquet(), renamed))


@pytest.mark.parametrize("lost", ["self_bleu", "repetition"])
def test_a_measure_that_human_text_lacks_costs_no_other(settings, lost):
    condition = settings.conditions[0]
    before = reference(condition, 8, 4)
    path = Path(condition.model) / "measured.json"
    measured = json.loads(path.read_text())
    for rows in (*measured["human"]["sets"].values(), [measured["human"]["words"]]):
        for row in rows.values() if isinstance(rows, dict) else rows[0].values():
            row.pop(lost, None)
    path.write_text(json.dumps(measured))
    study_units._bundles.clear()
    after = reference(condition, 8, 4)
    assert {NAMES[k] for k in np.flatnonzero(np.isnan(after) != np.isnan(before))} == {lost}


def test_other_files_are_a_sentence(tmp_path):
    out = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), out)
    for data in (b"", b"PAR1 no", out.getvalue(), out.getvalue()[:-9]):
        with pytest.raises(StudyError):
            read_study(data)
    with pytest.raises(StudyError, match="missing"):
        read_study(tmp_path / "none.parquet")


def test_a_scheduler_that_is_not_there_is_a_sentence(settings, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(executors, "_PATIENCE", 0.3)
    for address in ("tcp://127.0.0.1:9", "nonsense"):
        with pytest.raises(StudyError, match="scheduler"):
            next(run(settings, scheduler=address))


def test_threads_that_need_a_network_at_once_get_the_same_one(models, monkeypatch):
    """What a network says of its own texts is not worked out twice, so a judge is known by the object."""
    study_units._bundles.clear()
    together = threading.Barrier(3)

    def load(name):
        together.wait(timeout=20)  # each has found that there is none yet
        return load_bundle(name)

    monkeypatch.setattr(study_units, "load_bundle", load)
    found = race(lambda n: study_units.kept_bundle(models[0]), threads=3)
    assert {id(bundle) for bundle in found} == {id(study_units.kept_bundle(models[0]))}
