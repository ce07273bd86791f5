"""The texts of the kiosk in its built-in languages; `kiosk.toml` may change them and add languages."""

from __future__ import annotations

from msgspec import Struct


class Texts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every text of the kiosk in one language."""

    name: str
    """The name of the language, in that language."""
    invitation: str
    hint: str
    """How to begin."""
    title: str
    """Title of the consent card; its points are `what` is computed, what is `kept`, and how to `leave`."""
    what: str
    kept: str
    leave: str
    agree: str
    decline: str
    more: str
    """Below the QR code."""
    looks_like: str
    """Before the word for an expression."""
    unsure: str
    wait: str
    look_here: str
    """Shown while the visitor's face cannot be read."""
    guess: str
    """Below the figures."""
    stop: str
    still_there: str
    go_on: str
    thanks: str
    forgotten: str
    count: str
    """Visits today; {number} is replaced."""
    no_camera: str
    happy: str
    sad: str
    neutral: str
    angry: str
    surprise: str
    disgust: str
    fear: str

    def named(self, emotion: str) -> str:
        """Return the word for an expression."""
        return str(getattr(self, emotion))


TEXTS = {
    "en": Texts(
        name="English",
        invitation="What does your expression look like?",
        hint="Come closer, or touch the screen",
        title="May this screen look at your face?",
        what="It follows your face in the camera picture and guesses which of seven expressions it looks like. "
        "It cannot know what you feel.",
        kept="No pictures or numbers are stored or sent. Only your face is read, not those of the people around you.",
        leave="You can stop at any time: touch Stop, or walk away. Then everything is forgotten.",
        agree="Yes, show me",
        decline="No, thank you",
        more="Read more",
        looks_like="Your expression looks like",
        unsure="not sure",
        wait="One moment …",
        look_here="Please look at the screen",
        guess="This is a guess about your expression. It says nothing about what you feel.",
        stop="Stop",
        still_there="Are you still there?",
        go_on="Yes, go on",
        thanks="Thank you!",
        forgotten="Everything about your visit has been forgotten.",
        count="Visits today: {number}",
        no_camera="The camera is not responding at the moment.",
        happy="happy",
        sad="sad",
        neutral="neutral",
        angry="angry",
        surprise="surprised",
        disgust="disgusted",
        fear="afraid",
    ),
    "de": Texts(
        name="Deutsch",
        invitation="Welchen Ausdruck zeigt Ihr Gesicht?",
        hint="Kommen Sie näher oder berühren Sie den Bildschirm",
        title="Darf dieser Bildschirm Ihr Gesicht ansehen?",
        what="Er verfolgt Ihr Gesicht im Kamerabild und schätzt, welchem von sieben Ausdrücken es ähnelt. "
        "Was Sie fühlen, kann er nicht wissen.",
        kept="Kein Bild und keine Zahl wird gespeichert oder gesendet. Ausgewertet werden nur Sie, "
        "nicht die Menschen um Sie herum.",
        leave="Sie können jederzeit aufhören: Berühren Sie „Beenden“ oder gehen Sie weg. Dann wird alles vergessen.",
        agree="Ja, gern",
        decline="Nein, danke",
        more="Mehr erfahren",
        looks_like="Ihr Ausdruck sieht aus wie",
        unsure="nicht sicher",
        wait="Einen Moment …",
        look_here="Bitte schauen Sie zum Bildschirm",
        guess="Eine Schätzung des Ausdrucks. Sie sagt nichts darüber, was Sie fühlen.",
        stop="Beenden",
        still_there="Sind Sie noch da?",
        go_on="Ja, weiter",
        thanks="Vielen Dank!",
        forgotten="Alles von Ihrem Besuch ist vergessen.",
        count="Besuche heute: {number}",
        no_camera="Die Kamera antwortet gerade nicht.",
        happy="fröhlich",
        sad="traurig",
        neutral="neutral",
        angry="wütend",
        surprise="überrascht",
        disgust="angewidert",
        fear="ängstlich",
    ),
}
