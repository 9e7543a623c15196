"""Screens for tests of the gateway: a few small interviews as functions of what has been posted."""

from __future__ import annotations

from shared.contracts.screen import (
    Button,
    Choice,
    Condition,
    Document,
    Field,
    Form,
    FormField,
    HelpPart,
    MenuItem,
    ReviewItem,
    Screen,
    Section,
)
from tests.flows.gateway.session_double import PlayedSession, action, encoded, form_of


def text(variable: str, label: str, **more: object) -> Field:
    """A text field."""
    return Field(number="0", variable=variable, input_name=encoded(variable), label_html=label, **more)  # type: ignore[arg-type]


def two_names(session: PlayedSession) -> Screen:
    """Asks for a name, then shows it."""
    if "user.name" not in session.answers:
        return Screen(
            kind="fields",
            title_html="Names",
            tab_title_text="Names",
            question_id="the name",
            question_name="ID the name",
            question_html="What is your name?",
            subquestion_html="<p>We keep it to ourselves.</p>",
            audio=(("/packagestatic/test/name.mp3", "audio/mpeg"),),
            video=(("/packagestatic/test/name.mp4", "video/mp4"),),
            terms={"name": "<p>What you are called.</p>"},
            auto_terms={"keep": "<p>Tell nobody.</p>"},
            fields=(text("user.name", "First name"), text("user.age", "Age", input_type="integer", required=False)),
            form=form_of("user.name", "user.age"),
            has_inputs=True,
        )
    return Screen(
        kind="deadend",
        title_html="Names",
        question_name="Question_2",
        question_html=f"Hello, {session.answers['user.name']}!",
        subquestion_html=f'<p><a href="?action={action("rename", to="Zoe")}">Change this</a></p>',
    )


def waiting(session: PlayedSession) -> Screen:
    """A waiting screen until something has been written into the session."""
    if "result" not in session.answers:
        return Screen(
            kind="deadend",
            question_name="ID wait",
            question_html="Hang tight.",
            reload_seconds=30.0,
            waits_for_tasks=("task-1",),
        )
    return Screen(kind="deadend", question_name="ID done", question_html=f"The answer is {session.answers['result']}.")


def checking(session: PlayedSession) -> Screen:
    """A form with check-in code and a target."""
    return Screen(
        kind="fields",
        question_name="ID checking",
        question_html="What do you eat?",
        subquestion_html='<p>You said: <span class="datargetfeedback"></span></p>',
        fields=(text("food", "Food"),),
        form=form_of("food"),
        check_in="look_at_food",
        has_inputs=True,
        script="window.scriptRuns = (window.scriptRuns || 0) + 1;",
    )


def _choices(variable: str, *labels: str, selected: str = "") -> tuple[Choice, ...]:
    return tuple(
        Choice(key=label.lower(), label_html=label, label_text=label, selected=label.lower() == selected)
        for label in labels
    )


def _boxes(variable: str, *labels: str) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            key="True",
            label_html=label,
            label_text=label,
            input_name=encoded(f"{variable}[B'{encoded(label.lower())}']"),
        )
        for label in labels
    )


def many_fields(_session: PlayedSession) -> Screen:
    """One field of nearly every kind."""
    fields = (
        text("user.name.first", "First name", grid=6, hint="As in your passport"),
        text("user.name.last", "Last name", grid=6),
        text("email", "E-mail", input_type="email", datatype="email", help_html="<p>We write to you only once.</p>"),
        text("income", "Income", input_type="currency", datatype="currency", currency_symbol="$", minimum="10", grid=4),
        text("born", "Date of birth", input_type="date", datatype="date", grid=4),
        text("children", "Children", input_type="integer", datatype="integer", required=False, default="0", grid=4),
        Field(number="9", input_type="note", html="<p>Please read on <strong>carefully</strong>.</p>"),
        text(
            "story", "Your story", input_type="area", datatype="area", rows=3, required=False, under_html="A few words"
        ),
        text(
            "color",
            "Colour",
            input_type="dropdown",
            choices=_choices("color", "Red", "Green", "Blue"),
            grid=6,
        ),
        text(
            "vegetable",
            "Vegetable",
            input_type="combobox",
            choices=_choices("vegetable", "Carrot", "Potato", "Turnip"),
            grid=6,
        ),
        text("fruit", "Favorite fruit", input_type="radio", choices=_choices("fruit", "Apple", "Peach", "Plum")),
        text(
            "animals",
            "Animals",
            input_type="checkboxes",
            datatype="checkboxes",
            choices=_boxes("animals", "Cat", "Dog"),
            none_of_the_above="None of the above",
        ),
        text(
            "agrees",
            "I have a dog that bites",
            input_type="yesno",
            datatype="yesno",
            required=False,
            conditions=(Condition(variable="animals['dog']", value=True),),
        ),
        text(
            "reason",
            "Why plums?",
            conditions=(Condition(javascript="val('fruit') == 'plum'"),),
        ),
        text(
            "level", "Level", input_type="range", datatype="range", minimum="0", maximum="10", step="1", required=False
        ),
    )
    taken = tuple(
        FormField(
            input_name=field.input_name,
            variable=field.variable,
            datatype=field.datatype,
            keys=tuple(choice.input_name for choice in field.choices if choice.input_name),
        )
        for field in fields
        if field.variable
    )
    return Screen(
        kind="fields",
        title_html="Registration",
        short_title_html="Reg",
        question_name="ID everything",
        question_id="everything",
        question_html="Tell us about yourself",
        subquestion_html="<p>There are quite a few questions. None of them is hard.</p>",
        under_html="<p>Your answers are encrypted.</p>",
        fields=fields,
        form=Form(question_name="ID everything", fields=taken),
        has_inputs=True,
        progress=35.0,
        sections=(
            Section(key="about", label_html="About you", is_current=True),
            Section(key="review", label_html="Review", is_past=True, link_action=action("review")),
            Section(key="end", label_html="The end"),
        ),
        menu=(MenuItem(label_text="Review Answers", action=action("review")), MenuItem(label_text="Site", url="/")),
        help=(HelpPart(heading_text="How to fill this in", content_html="<p>Slowly.</p>"),),
        exit_link="exit",
        exit_label_text="Exit",
    )


def reviewing(_session: PlayedSession) -> Screen:
    """A review screen with action buttons and documents."""
    return Screen(
        kind="review",
        question_name="ID review",
        question_html="Revisit your answers",
        review=(
            ReviewItem(label_html="Edit", button_html="<p>Your fruit is apple.</p>", action=action("fruit")),
            ReviewItem(label_html="Favorite color", action=action("color")),
            ReviewItem(html="<h2 class='h5'>Things</h2>"),
        ),
        action_buttons=(
            Button(
                label_html="More",
                icon_html='<i class="bi bi-chevron-up" aria-hidden="true"></i>',
                action=action("more"),
                color="success",
                placement="before",
            ),
        ),
        documents=(
            Document(
                name_text="Letter",
                filename="letter",
                description_html="<p>A letter to the landlord.</p>",
                links=(("pdf", "/static/icon.svg", "letter.pdf"),),
                preview_html="<p>Dear landlord</p>",
            ),
        ),
        documents_notice_html="<p>The following document has been created for you.</p>",
        form=form_of(),
        progress=80.0,
        shows_progress_percentage=True,
    )


def yes_or_no(session: PlayedSession) -> Screen:
    """Two buttons."""
    if "likes" in session.answers:
        return Screen(kind="deadend", question_html=f"You said {session.answers['likes']}.", question_name="Question_2")
    buttons = (
        Button(label_html="Yes", name=encoded("likes"), value="True"),
        Button(label_html="No", name=encoded("likes"), value="False", color="secondary"),
    )
    return Screen(
        kind="yesno",
        question_name="Question_1",
        question_html="Do you like it?",
        buttons=buttons,
        form=form_of("likes"),
    )


def signing(session: PlayedSession) -> Screen:
    """A signature."""
    if "_the_image" in session.answers:
        return Screen(
            kind="deadend", question_html=f"Signed: {session.answers['_success']}", question_name="Question_2"
        )
    return Screen(
        kind="signature",
        question_name="ID sign",
        question_html="Sign your name",
        form=Form(question_name="ID sign", signature="user.signature"),
        has_inputs=True,
    )


def collecting(session: PlayedSession) -> Screen:
    """A list collected on one screen."""
    if session.answers.get("_collect_delete"):
        gone = session.answers["_collect_delete"]
        return Screen(kind="deadend", question_html=f"Without {gone}.", question_name="Question_2")
    count = 3 if session.answers.get("_collect") else 2
    fields = tuple(text(f"fruit[{index}].name", "Fruit name", list_index=index) for index in range(count))
    return Screen(
        kind="fields",
        question_name="ID collect",
        question_html="Tell me about the fruit.",
        fields=fields,
        form=form_of(*(field.variable for field in fields)),
        has_inputs=True,
        list_collect={
            "count": count,
            "labels": ["1.", "2.", "3."],
            "may_add": True,
            "may_delete": True,
            "add_label": "Add another",
            "delete_label": "Delete",
        },
    )


PLAYS = {
    "test:data/questions/collect.yml": collecting,
    "test:data/questions/names.yml": two_names,
    "test:data/questions/waiting.yml": waiting,
    "test:data/questions/checking.yml": checking,
    "test:data/questions/many.yml": many_fields,
    "test:data/questions/review.yml": reviewing,
    "test:data/questions/yesno.yml": yes_or_no,
    "test:data/questions/sign.yml": signing,
}
