"""The names authors can use, and where the rule of each stands: the one list of all an interview sees by default.

A name that is not in this table is not visible to interviews; a test holds the modules to it. Names that docassemble
does not have belong to `colloquy.interview` and are never here (DESIGN §5).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from shared.interview.library.named import COLLOQUY, CORE, ERROR, FUNCTIONS, LEGAL, LOGGER, SQL, UTIL

_HERE = "shared.interview.library"

TABLE: tuple[tuple[str, str, str], ...] = (
    # (where the rule stands, module here, names)
    ("spec/area4 §6.1", "objects.base", "DAObject DAObjectPlusParameters"),
    ("spec/area4 §6.2", "objects.lists", "DAList"),
    ("spec/area4 §6.3", "objects.dicts", "DADict DAOrderedDict"),
    ("spec/area4 §6.4", "objects.sets", "DASet"),
    ("spec/area4 §6.5", "objects.names", "IndividualName Name"),
    ("spec/area4 §6.5", "objects.addresses", "Address City LatitudeLongitude"),
    (
        "spec/area4 §6.5",
        "objects.persons",
        "ChildList Event Individual Organization Person RoleChangeTracker Thing",
    ),
    (
        "spec/area4 §6.5",
        "objects.finances",
        "Asset Expense FinancialList Income PeriodicFinancialList PeriodicValue Value",
    ),
    ("spec/area4 §6.6", "objects.files", "DAFile DAFileCollection DAFileList DAStaticFile"),
    ("spec/area4 §6.7", "objects.texts", "DAContext DALazyTemplate DALink DATemplate"),
    ("spec/area4 §2.11", "objects.tables", "DALazyTableTemplate"),
    ("spec/area4 §6.7", "objects.empty", "DAEmpty"),
    ("spec/area4 §6.7", "objects.catchall", "DACatchAll"),
    ("spec/area4 §4.1", "objects.remembered", "DABreadCrumbs DADeviceLocal DANav DASessionLocal DAUserLocal"),
    ("spec/area4 §6.7", "mail_addresses", "DAEmail DAEmailRecipient DAEmailRecipientList"),
    (
        "spec/area4 §6.7",
        "dates",
        "DADateTime as_datetime current_datetime date_difference date_interval day_of dow_of format_date "
        "format_datetime format_time month_of timezone_list today year_of",
    ),
    (
        "spec/area4 §7.5",
        "numbers",
        "alpha currency currency_symbol item_label name_suffix nice_number ordinal ordinal_number period_list roman",
    ),
    (
        "spec/area4 §7.5",
        "grammar",
        "a_in_the_b a_preposition_b add_separators are_you capitalize comma_and_list comma_list did_a_b did_you do_you "
        "does_a_b fix_punctuation has have_you her his in_the indefinite_article is_you its noun_plural noun_singular "
        "of_the possessify possessify_long quantity_noun some the their these this title_case verb_past verb_present "
        "was_you were_you your",
    ),
    (
        "spec/area4 §7.5",
        "plain_text",
        "bold indent italic noyes quote_paragraphs redact single_paragraph single_to_double_newlines "
        "space_to_underscore split underscore_to_space verbatim yesno",
    ),
    (
        "spec/area4 §7.5",
        "languages",
        "get_country get_default_timezone get_dialect get_language get_locale get_voice language_from_browser "
        "language_name set_country set_language set_locale update_language_function update_locale "
        "update_word_collection word",
    ),
    ("spec/area4 §7.5", "places", "countries_list country_name state_name states_list subdivision_type"),
    (
        "spec/area4 §7.6",
        "phones",
        "phone_number_formatted phone_number_in_e164 phone_number_is_valid phone_number_part",
    ),
    (
        "spec/area4 §4.8",
        "variables",
        "all_variables decode_name define defined dispatch encode_name forget_result_of invalidate need re_run_logic "
        "reconsider set_variables showifdef undefine value",
    ),
    ("spec/area1 §2.4", "actions", "action_argument action_arguments force_ask force_gather process_action"),
    (
        "spec/area1 §2.4, spec/area2 §6",
        "links",
        "action_button_html action_menu_item interview_url interview_url_action interview_url_action_as_qr "
        "interview_url_as_qr qr_code url_action url_ask url_of",
    ),
    ("spec/area2 §7", "endings", "command json_response message response variables_as_json"),
    (
        "spec/area1 §3–§8",
        "tasks",
        "BackgroundAction background_action background_error_action background_response background_response_action",
    ),
    (
        "spec/area2 §12.3",
        "visitors",
        "current_context device get_config interface location_known location_returned referring_url user_has_privilege "
        "user_info user_lat_lon user_logged_in user_privileges",
    ),
    (
        "spec/area2 §2, §4",
        "sessions",
        "get_progress get_status last_access_days last_access_delta last_access_hours last_access_minutes "
        "last_access_time log mark_task_as_performed prevent_going_back returning_user session_tags "
        "set_live_help_status set_parts set_progress set_save_status set_status set_task_counter set_title start_time "
        "task_not_yet_performed task_performed times_task_performed",
    ),
    ("spec/area4 §6.1", "information", "get_info set_info"),
    ("spec/area2 §7", "json_form", "json safe_json transform_json_variables"),
    ("spec/area4 §2.1, §6.6", "package_files", "objects_from_file path_and_mimetype"),
    ("spec/area2 appendix B", "faults", "DAError DAException DAValidationError validation_error"),
    ("spec/area4 §5.5", "datatypes", "CustomDataType"),
    ("spec/area2 §4", "menus", "interview_menu"),
    ("spec/area2 §4", "unavailable", "interview_list"),
)
LEGAL_TABLE: tuple[tuple[str, str, str], ...] = (
    ("spec/area4 §6.5", "objects.legal", "Case Court Document Jurisdiction LegalFiling PartyList Pleading"),
)
_ONLY_STORED = {
    UTIL: (("dates", "DateTimeDelta"),),
    FUNCTIONS: (("objects.remembered", "DANav"),),
    COLLOQUY: (("tasks", "TaskHandle"), ("tasks", "TaskResult")),
}
"""Classes that answers may hold under a module's name although authors do not call them by it."""
_SQL_NAMES = (
    "SQLObject",
    "SQLObjectList",
    "SQLObjectRelationship",
    "SQLRelationshipList",
    "StandardRelationshipList",
)


def _members(table: tuple[tuple[str, str, str], ...]) -> Iterator[tuple[str, Any]]:
    for _, module, names in table:
        found = importlib.import_module(f"{_HERE}.{module}")
        for name in names.split():
            yield name, getattr(found, name)


@cache
def _util_names() -> Mapping[str, Any]:
    from shared.interview.library.unavailable import CLASSES
    from shared.interview.library.unavailable import FUNCTIONS as REFUSING

    return {**REFUSING, **CLASSES, **dict(_members(TABLE))}


def public_names() -> dict[str, Any]:
    """Everything that stands in an interview's namespace by default."""
    return {**_util_names(), **dict(_members(LEGAL_TABLE))}


def members_of(module: str) -> dict[str, Any] | None:
    """What one of the library's modules has, by the name interviews import it under; None when it is none of them."""
    match module:
        case _ if module in (UTIL, FUNCTIONS, CORE):
            return dict(_util_names())
        case _ if module == LEGAL:
            return public_names()
        case _ if module == ERROR:
            return {name: _util_names()[name] for name in ("DAError", "DAException", "DAValidationError")}
        case _ if module == LOGGER:
            return {"logmessage": _util_names()["log"]}
        case _ if module == SQL:
            from shared.interview.library.unavailable import sql_names

            return sql_names(_SQL_NAMES)
        case _ if module == COLLOQUY:
            return {}
    return None


def hidden_members_of(module: str) -> dict[str, Any]:
    """Classes stored answers may name in a module beside its public names."""
    pairs = _ONLY_STORED.get(module, ())
    return {name: getattr(importlib.import_module(f"{_HERE}.{source}"), name) for source, name in pairs}


def class_by_full_name(name: str) -> type[Any] | None:
    """A class of the library by the name its JSON carries, e.g. `docassemble.base.util.Individual`."""
    module, _, simple = name.rpartition(".")
    found = {**(members_of(module) or {}), **hidden_members_of(module)}.get(simple)
    return found if isinstance(found, type) else None
