"""How staff get to the desk: a password and a second factor, or a passkey alone, by django-allauth (SEC-9 to SEC-11).

Everything lives under /admin/, where alone there are sessions. allauth proves who somebody is: `views.py` puts its
views into the desk's dress, `adapters.py` says what differs from what it would do. `steps.py` says what somebody has
to do before the desk opens; `middleware.py` stops them until then. `limits.py` slows down guessing, `sessions.py` ends.
"""
