"""Tests of :mod:`whisker_sync.project.build` and :mod:`whisker_sync.project.importing`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.project.test_formats import put
from whisker_sync.errors import NoStartPassage, NotAStory, WouldOverwrite
from whisker_sync.project.build import archive, file_name, load_story, playable
from whisker_sync.project.formats import Installed, installed, places
from whisker_sync.project.importing import import_page
from whisker_sync.project.sources import paths
from whisker_sync.story import twine_html
from whisker_sync.story.codec import decode, encode
from whisker_sync.story.compiling import Compiled
from whisker_sync.story.finding import Rule
from whisker_sync.story.kinds import is_twee

BESIDE = Path(__file__).parents[3] / "shared" / "stories"
STORIES = Path(os.environ.get("WHISKER_STORIES", BESIDE))
IFID = "F2277A49-95C9-4B14-AE66-62526089F861"
DATA = f':: StoryTitle\nThe Cave\n\n:: StoryData\n{{"ifid": "{IFID}", "format": "A"}}\n\n'


@pytest.fixture
def formats(tmp_path: Path) -> list[Installed]:
    put(tmp_path / "formats", "a-1", "A", "1.2.0")
    put(tmp_path / "formats", "b-1", "B", "1.0.0")
    return installed([tmp_path / "formats"])


def story(folder: Path, **texts: str) -> Compiled:
    folder.mkdir(exist_ok=True)
    for name, text in {"data": DATA, **texts}.items():
        (folder / f"{name}.twee").write_text(text)
    return load_story(folder)


def test_a_page_can_be_played_and_is_always_the_same(
    tmp_path: Path, formats: list[Installed]
) -> None:
    compiled = story(tmp_path / "s", b=":: Start\nGo [[on->End]].", a=":: End\n")
    built = playable(compiled, formats, None)
    page = built.page.decode()

    assert page.startswith(f"<html>The Cave: <!-- UUID://{IFID}// --><tw-storydata")
    assert 'format="A" format-version="1.2.0"' in page
    assert [each.name for each in twine_html.read(page)[0].passages] == ["End", "Start"]
    assert playable(load_story(tmp_path / "s"), formats, None).page == built.page
    assert built.findings == ()


def test_another_format_may_be_wanted(tmp_path: Path, formats: list[Installed]) -> None:
    built = playable(story(tmp_path / "s", b=":: Start"), formats, "b-1")

    assert (built.story.format, built.story.format_version) == ("B", "1.0.0")


def test_without_a_first_passage_there_is_an_archive_and_no_page(
    tmp_path: Path, formats: list[Installed]
) -> None:
    compiled = story(tmp_path / "s", b=":: Cave\n")

    with pytest.raises(NoStartPassage, match="begins with “Start”"):
        playable(compiled, formats, None)
    assert twine_html.read(archive(compiled).page.decode())[0].passages[0].name == "Cave"


def test_style_sheets_and_scripts_that_are_named_are_in_it(tmp_path: Path) -> None:
    story(tmp_path, a=":: Start\n:: Code [script]\none();\n")
    (tmp_path / "s.css").write_bytes(b"\xef\xbb\xbfa {}\r\nb {}\r\n")
    (tmp_path / "t.js").write_text("two();")
    compiled = load_story(tmp_path, [Path("t.js"), Path(), Path("s.css")])

    assert [code.name for code in compiled.story.scripts] == ["Code", "t.js"]
    assert compiled.story.styles[0].text == "a {}\nb {}"
    assert [code.name for code in load_story(tmp_path).story.scripts] == ["Code"]


def test_a_script_that_would_end_itself_is_said(tmp_path: Path) -> None:
    compiled = story(tmp_path, a=":: Start\n:: Code [script]\n'</script>'\n")

    (finding,) = archive(compiled).findings
    assert (finding.rule, finding.passage) == (Rule.SCRIPT_END, "Code")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("The Cave", "The Cave"),
        ("a/b: c?  d", "a b c d"),
        ("../..", "story"),
        ("CON", "story"),
        ("", "story"),
        (" . ", "story"),
        ("x\ny\u2028z", "x y z"),
        ("洞窟", "洞窟"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_title_becomes_a_name_that_every_system_can_hold(title: str, name: str) -> None:
    assert file_name(title) == name


def test_names_do_not_meet_even_where_case_does_not_count() -> None:
    taken: set[str] = set()

    assert [file_name(each, taken) for each in ("Cave", "cave", "CAVE")] == [
        "Cave", "cave 2", "CAVE 3",
    ]  # fmt: skip


# Importing.


def test_a_published_story_becomes_one_file(tmp_path: Path, formats: list[Installed]) -> None:
    compiled = story(tmp_path / "s", b=':: Start [x] {"position":"1,2"}\nGo [[on->End]].\n:: End\n')
    (tmp_path / "page.html").write_bytes(playable(compiled, formats, None).page)
    (imported,) = import_page(tmp_path / "page.html", tmp_path / "new")

    assert imported.path == tmp_path / "new" / "The Cave.twee"
    again = load_story(tmp_path / "new").story
    assert again.ifid == IFID
    assert [(each.name, each.text, each.tags) for each in again.passages] == [
        ("Start", "Go [[on->End]].", ("x",)), ("End", "", ()),
    ]  # fmt: skip


def test_the_stories_of_an_archive_get_a_folder_each(tmp_path: Path) -> None:
    page = tmp_path / "archive.html"
    page.write_text("".join(f'<tw-storydata name="{each}"></tw-storydata>' for each in ("A", "a")))
    imported = import_page(page, tmp_path)

    assert [each.path for each in imported] == [
        tmp_path / "A" / "A.twee", tmp_path / "a 2" / "a 2.twee",
    ]  # fmt: skip
    assert imported[0].story.ifid != imported[1].story.ifid
    assert len(imported[0].story.ifid) == 36


def test_nothing_is_overwritten_and_nothing_is_written_beside_it(tmp_path: Path) -> None:
    page = tmp_path / "archive.html"
    page.write_text('<tw-storydata name="B"></tw-storydata><tw-storydata name="A"></tw-storydata>')
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "A.twee").write_text("mine")

    with pytest.raises(WouldOverwrite, match=r"A\.twee is there already"):
        import_page(page, tmp_path)
    assert not (tmp_path / "B").exists()
    assert (tmp_path / "A" / "A.twee").read_text() == "mine"


def test_a_page_without_a_story_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(b"<html>caf\xe9</html>")
    with pytest.raises(NotAStory):
        import_page(tmp_path / "page.html", tmp_path)


@pytest.mark.skipif(
    not STORIES.is_dir(), reason="no stories found: WHISKER_STORIES names their folder"
)
def test_every_real_story_is_the_same_after_a_way_through_html(tmp_path: Path) -> None:
    projects = [each for each in sorted(STORIES.iterdir()) if each.is_dir()]
    assert projects
    for project in projects:
        named = [each for each in paths(project) if "archive" not in each.parts]
        assert all(is_twee(each.name) for each in named)
        compiled = load_story(project, named)
        page = tmp_path / f"{project.name}.html"
        page.write_bytes(archive(compiled).page)
        import_page(page, tmp_path / project.name)
        again = load_story(tmp_path / project.name).story

        assert [(each.name, each.text, each.tags) for each in again.passages] == [
            (each.name, each.text, each.tags) for each in compiled.story.passages
        ], project.name
        assert [each.text for each in again.scripts] == [
            each.text for each in compiled.story.scripts
        ], project.name


@pytest.mark.skipif(
    "WHISKER_FORMATS" not in os.environ or not STORIES.is_dir(),
    reason="WHISKER_FORMATS names no folder with story formats, or there are no stories",
)
def test_a_real_story_is_built_with_each_real_format(tmp_path: Path) -> None:
    folder = Path(os.environ["WHISKER_FORMATS"])
    compiled = load_story(STORIES / "last-engineer")
    found = installed([folder, *places(tmp_path, tmp_path, {})])
    assert found
    for each in found:
        page = playable(compiled, found, each.id).page.decode()
        assert "{{STORY_DATA}}" not in page.replace(each.format.source, ""), each.id
        assert [story.title for story in twine_html.read(page)] == ["Last Engineer"], each.id


@pytest.mark.skipif(not STORIES.is_dir(), reason="WHISKER_STORIES names no folder with stories")
def test_a_page_of_a_real_story_can_be_merged_passage_by_passage() -> None:
    for folder in sorted(each for each in STORIES.iterdir() if each.is_dir()):
        page = archive(load_story(folder)).page
        found = decode(page, "page.html")
        assert found is not None
        assert found.eol == "html", folder.name
        assert encode(found.text, found.eol, found.bom) == page
