"""People: the admins, and whose browser a plugin's page is shown in."""

from http.cookies import CookieError, SimpleCookie

from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.fields import RefusalError, Row, not_found

# UISP's two cookies; a plugin forwards both [plugin documentation, security].
COOKIES = {"nms-crm-php-session-id": "_php", "nms-session": "_nms"}


def me(books: Books) -> Row:
    """The user behind the app key; 404 where the key has none."""
    if not books.rows("users"):
        raise not_found()
    return books.rows("users")[0]


def current_user(books: Books, cookie: str | None) -> Row:
    """Who is logged in with these cookies. Raises RefusalError 403 for nobody."""
    try:
        sent = {name: morsel.value for name, morsel in SimpleCookie(cookie or "").items()}
    except CookieError:
        sent = {}
    for row in books.rows("sessions"):
        if all(sent.get(name) == row[field] for name, field in COOKIES.items()):
            return row
    raise RefusalError(403, "Nobody is logged in.")
