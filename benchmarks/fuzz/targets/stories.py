"""
What stories are made of besides passages: links, pages of Twine, and story formats.
"""

from __future__ import annotations

from benchmarks.fuzz.corpus import kept
from benchmarks.fuzz.target import Broken, Target, Verdict
from whisker_sync.story import twine_html
from whisker_sync.story.files import read
from whisker_sync.story.formats import bind, read_format
from whisker_sync.story.links.find import may_refer, references, relink
from whisker_sync.story.story import Story
from whisker_sync.story.to_twee import to_twee
from whisker_sync.story.twee import BLANKS
from whisker_sync.text.edits import apply

_FORMATS = ("SugarCube", "Harlowe", "Chapbook", "Snowman", "Snowman 1.5.0", None)

_LINK_WORDS = (
    *("[[", "]]", "][", "->", "<-", "|", "Old", "<<", ">>", "<<goto ", "<<link ", "<<script>>"),
    *("<</script>>", "(goto:", "(link-goto:", ")", ",", "'", '"', "`", "\\", "<!--", "-->", "/*"),
    *("*/", "//", "{{{", "}}}", "{embed passage:", "{reveal link: 'a', passage:", "}", "\n--\n"),
    *("\n[note]\n", "\n[JavaScript]\n", "<%", "%>", "story.show(", "visited(", "[img["),
    *(' data-passage="', "&amp;", "&#79;ld", "\\x4fld", "$", "\n", "<style", "</style>"),
)
_PAGE_WORDS = (
    *("<tw-storydata ", "</tw-storydata>", "<tw-passagedata ", "</tw-passagedata>", "<tw-tag "),
    *("name=", 'name="', "pid=1 ", "startnode=1 ", "tags='a b' ", "position=1,2 ", "ifid=", ">"),
    *(
        "/>",
        "<script>",
        "</script>",
        "<style ",
        "</style>",
        "<!--",
        "-->",
        "&amp;",
        "&#13;",
        "&#0;",
    ),
    *("&lt;", "&", "<", "\r\n", "\r", "\0", "'", '"', "=", "<![CDATA[", "<?", "<!", "::", "\\::"),
    *('/* twine-user-script #1: "a" */\n', "StoryData", "script", "stylesheet"),
)
_FORMAT_WORDS = (
    *("window.storyFormat({", "})", '"source":', "source:", '"name":"F",', '"version":"1.2.3",'),
    *("{{STORY_DATA}}", "{{STORY_NAME}}", "function(){", "}", "{", "(", ")", "[", "]", '"', "'"),
    *("`", "${", "/", "//", "/*", "*/", "\\", "\\u0041", "\\x41", ",", ":", "return", "!0", "\n"),
)
_TEXTS = (
    b"[[Old]] [[a->Old]] [[Old<-a]] [[a|Old]] [[a->Old][$b to 1]]",
    b"<<goto Old>> <<link \"a\" 'Old'>>[[b]]<</link>> <<if visited(\"Old\")>> <<set $a '[[Old]]'>>",
    b'(link-goto: "a", "Old")(goto:\'Old\') `[[Old]]` <!-- [[Old]] -->',
    b"a: 1\n--\n{embed passage: 'Old'} {reveal link: 'a', passage: 'Old'}\n[JavaScript]\ngo('Old')",
    b"<% story.show('Old') %> <a data-passage=\"Old\">a</a> [[Old]]",
)
_PAGE = (
    b'<tw-storydata name="A" startnode="1" ifid="F2277A49-95C9-4B14-AE66-62526089F861">'
    b"<style>a {}</style><script>let a;</script><tw-tag name=x color=red></tw-tag>"
    b'<tw-passagedata pid="1" name="Old" tags="a b" position="1,2">It&#39;s &lt;b&gt;\n\n:: x'
    b'</tw-passagedata><tw-passagedata pid="2" name="B"></tw-passagedata></tw-storydata>'
)
_SCRIPT = (
    b'window.storyFormat({"name":"F","version":"1.2.3","setup":function(){return /["}]/.test("}")},'
    b'"source":"<html>{{STORY_NAME}}{{STORY_DATA}}</html>"});'
)


class Links(Target):
    """:mod:`whisker_sync.story.links`: references are where they say, and lead somewhere."""

    def __init__(self) -> None:
        words = [word.encode() for word in _LINK_WORDS]
        super().__init__([*_TEXTS, *kept("links").values()], words)

    def judge(self, case: int, data: bytes) -> Verdict:
        """References are in order; after a rename all lead where they did, or to the new name."""
        text = data.decode("utf-8", "ignore")
        found = 0
        for story_format in _FORMATS:
            before = references(text, story_format)
            found += len(before)
            last = 0
            for each in before:
                if not last <= each.start <= each.end <= len(text):
                    raise Broken(f"a reference of {story_format} stands in another")
                last = each.end
            splices = relink(text, story_format, "Old", "a new one")
            if splices and not may_refer(text, "Old"):
                raise Broken("a text that cannot hold the name held it")
            edited = {splice.start for splice in splices}
            after = references(apply(text, splices), story_format)
            wanted = ["a new one" if each.start in edited else each.target for each in before]
            if [each.target for each in after] != wanted:
                raise Broken(f"after a rename a link of {story_format} leads elsewhere")
        return Verdict.ACCEPTED if found else Verdict.REFUSED


class Page(Target):
    """:func:`whisker_sync.story.twine_html.read`, and what is written from what it says."""

    def __init__(self) -> None:
        words = [word.encode() for word in _PAGE_WORDS]
        super().__init__([_PAGE, b"<html></html>", *kept("page").values()], words)

    def judge(self, case: int, data: bytes) -> Verdict:
        """A story that was read is written and read again as it is, and comes back from Twee."""
        stories = twine_html.read(data.decode("utf-8", "ignore"))
        for story in stories:
            again = twine_html.read(twine_html.write(story, "", ""))
            if [_told(each) for each in again] != [_told(story)]:
                raise Broken("a story is written as another one")
            twee = read("a.twee", to_twee(story).encode())
            texts = [passage.text for passage in twee.passages][-len(story.passages) :]
            if story.passages and [_words(each) for each in texts] != [
                _words(passage.text) for passage in story.passages
            ]:
                raise Broken("a passage comes back from Twee as another one")
        return Verdict.ACCEPTED if stories else Verdict.REFUSED


class Format(Target):
    """:func:`whisker_sync.story.formats.read_format`: a page with places, or nothing."""

    def __init__(self) -> None:
        words = [word.encode() for word in _FORMAT_WORDS]
        super().__init__([_SCRIPT, b"", *kept("format").values()], words)

    def judge(self, case: int, data: bytes) -> Verdict:
        """A format that was read can be bound to a story."""
        story_format = read_format(data.decode("utf-8", "replace"))
        if story_format is None:
            return Verdict.REFUSED
        bind(story_format, Story("A", ()), "<tw-storydata>").encode()
        return Verdict.ACCEPTED


def _told(story: Story) -> tuple[object, ...]:
    """What of a story HTML has to keep; a script is trimmed and split anew."""
    passages = [(each.name, each.text, each.tags) for each in story.passages]
    return story.title, passages, story.ifid, dict(story.tag_colors), story.options


def _words(text: str) -> list[str]:
    """What of a text Twee has to keep: all but blanks at its ends, and how lines end."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip(BLANKS).split("\n")
    return [line.removeprefix("\\") if line.startswith("\\::") else line for line in lines]
