"""`{% once %}`: a piece of a page that is the same on many pages, rendered once for each content version."""

from typing import Any

from django import template
from django.conf import settings
from django.template.base import FilterExpression, Node, NodeList, Parser, Token
from django.utils.safestring import SafeString

register = template.Library()


class OnceNode(Node):
    def __init__(self, pieces: NodeList, varies: list[FilterExpression]) -> None:
        self.nodelist, self.varies = pieces, varies

    def render(self, context: Any) -> SafeString:
        site = context.get("site")
        if site is None or settings.DEBUG:  # an error page without a request; a template that is being written
            return self.nodelist.render(context)
        key = ("once", *(value.resolve(context) for value in self.varies))
        return SafeString(site.render_once(key, lambda: self.nodelist.render(context)))


@register.tag
def once(parser: Parser, token: Token) -> OnceNode:
    """Keep what stands up to `{% endonce %}` for the language's shared content: `{% once "footer" section %}`.

    All that it hangs on, apart from `site` and the settings, must be named, and take few values: each is kept.
    """
    varies = [parser.compile_filter(bit) for bit in token.split_contents()[1:]]
    pieces = parser.parse(("endonce",))
    parser.delete_first_token()
    return OnceNode(pieces, varies)
