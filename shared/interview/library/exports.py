"""The names authors can use, and where the rule of each stands: the one list of all an interview sees by default.

A name that is not in this table is not visible to interviews; a test compares it with docs/authors/names.md. Names that
docassemble does not have belong to `colloquy.interview` and are never here (DESIGN §5).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any

from shared.interview.library.named import (
    COLLOQUY,
    CONFIG,
    CORE,
    DATES,
    ERROR,
    FUNCTIONS,
    GENERATE_KEY,
    LEGAL,
    LOGGER,
    QUERIES,
    SQL,
    UTIL,
)
from shared.interview.runtime.run import current_run_or_none

_HERE = "shared.interview.library"

TABLE: tuple[tuple[str, str, str], ...] = (
    # (where the rule stands, module here, names)
    ("spec/area4 §6.1", "objects.base", "DAObject DAObjectPlusParameters"),
    ("spec/area4 §6.7", "objects.relationships", "RelationshipDir RelationshipPeer RelationshipTree"),
    ("spec/area4 §6.2", "objects.lists", "DAList"),
    ("spec/area4 §6.3", "objects.dicts", "DADict DAOrderedDict"),
    ("spec/area4 §6.4", "objects.sets", "DASet"),
    ("spec/area4 §6.5", "objects.names", "IndividualName Name"),
    ("spec/area4 §6.5", "objects.addresses", "Address City LatitudeLongitude"),
    (
        "spec/area4 §6.5",
        "objects.persons",
        "ChildList Event Individual OfficeList Organization Person RoleChangeTracker Thing",
    ),
    (
        "spec/area4 §6.5",
        "objects.finances",
        "Asset Expense FinancialList Income PeriodicFinancialList PeriodicValue Value",
    ),
    ("spec/area4 §6.6", "objects.files", "DAFile DAFileCollection DAFileList DAStaticFile"),
    ("spec/area4 §9.4", "document_tools", "docx_concatenate overlay_pdf pdf_concatenate zip_file"),
    ("spec/area1 §4.8", "reading_pictures", "ocr_file ocr_file_in_background read_qr"),
    ("spec/area4 §6.7", "objects.texts", "DAContext DALazyTemplate DALink DATemplate"),
    ("spec/area4 §2.11", "objects.tables", "DALazyTableTemplate"),
    ("spec/area4 §6.7", "objects.empty", "DAEmpty"),
    ("spec/area4 §6.7", "objects.catchall", "DACatchAll"),
    ("spec/area4 §2.5, §6.7", "objects.models", "DAModel"),
    (
        "spec/coverage F21",
        "learning.learners",
        "MachineLearner RandomForestMachineLearner SVMMachineLearner SimpleTextMachineLearner",
    ),
    ("spec/area4 §4.1", "objects.remembered", "DABreadCrumbs DADeviceLocal DANav DASessionLocal DAUserLocal"),
    ("spec/area4 §6.7", "mail_addresses", "DAEmail DAEmailRecipient DAEmailRecipientList"),
    (
        "spec/area4 §6.7",
        "dates",
        "DADateTime as_datetime current_datetime date_difference date_interval day_of dow_of format_date "
        "format_datetime format_time month_of timezone_list today valid_datetime year_of",
    ),
    (
        "spec/area4 §7.5",
        "numbers",
        "alpha currency currency_symbol item_label name_suffix nice_number ordinal ordinal_number period_list roman "
        "update_nice_numbers update_ordinal_function update_ordinal_numbers",
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
        "bold indent italic noyes plain quote_paragraphs redact single_paragraph single_to_double_newlines "
        "space_to_underscore split underscore_to_space verbatim yesno",
    ),
    (
        "spec/area4 §7.5",
        "languages",
        "get_country get_default_timezone get_dialect get_language get_locale get_voice language_from_browser "
        "language_name set_country set_language set_locale update_language_function update_locale "
        "update_word_collection word",
    ),
    ("spec/area4 §7.3", "maps", "map_of"),
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
        "reconsider set_variables showif showifdef undefine value",
    ),
    ("spec/area1 §2.4", "actions", "action_argument action_arguments force_ask force_gather process_action"),
    (
        "spec/area1 §2.4, spec/area2 §6",
        "links",
        "action_button_html action_menu_item interview_url interview_url_action interview_url_action_as_qr "
        "interview_url_as_qr qr_code static_image url_action url_ask url_of",
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
        "spec/area2 §12.3",
        "people",
        "create_user get_user_info get_user_list get_user_secret invite_user manage_privileges set_user_info",
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
    (
        "spec/area4 §6.1",
        "for_modules",
        "chat_partners_available ensure_definition from_b64_json get_chat_log illegal_variable_name interview_path "
        "prevent_dependency_satisfaction raw server_capabilities this_thread us verify_email",
    ),
    ("spec/area4 §2.5", "offering", "selections"),
    ("spec/coverage F14", "module_runs", "run_python_module"),
    ("spec/area4 §6.1", "structures", "objects_from_structure"),
    ("spec/area4 §7.4", "added_terms", "update_terms"),
    ("spec/area4 §7.6", "explanations", "clear_explanations explain logic_explanation"),
    ("spec/area2 §7", "json_form", "json safe_json transform_json_variables"),
    ("spec/area4 §2.1, §6.6", "package_files", "objects_from_file path_and_mimetype"),
    ("spec/area2 appendix B", "faults", "DAError DAException DAValidationError validation_error"),
    ("spec/area4 §5.5", "datatypes", "CustomDataType"),
    ("spec/area4 §9.3", "docx_templates", "assemble_docx include_docx_template"),
    ("spec/area4 §9.3", "jinja_filters", "register_jinja_filter"),
    ("spec/area2 §4", "menus", "interview_menu"),
    (
        "spec/area2 §8, §2.10",
        "other_sessions",
        "create_session get_question_data get_session_variables go_back_in_session interview_list "
        "run_action_in_session set_session_variables",
    ),
    (
        "spec/area2 §9",
        "stores",
        "DAStore delete_record read_records retrieve_stashed_data stash_data store_variables_snapshot write_record",
    ),
    ("spec/area2 §9.4", "author_stores.redis_client", "DARedis"),
    ("spec/area2 §9.6", "author_stores.databases", "variables_snapshot_connect variables_snapshot_connection"),
    ("spec/area2 §10", "author_stores.web", "DAWeb DAWebError"),
    ("spec/area2 §9.3", "objects.shared_attributes", "DAGlobal"),
    ("spec/area3 §5.1", "sending_mail", "send_email"),
    ("spec/area3 §7.1", "sending_texts", "send_sms"),
    ("spec/area3 §6", "receiving_mail", "get_emails interview_email"),
)
LEGAL_TABLE: tuple[tuple[str, str, str], ...] = (
    ("spec/area4 §6.5", "objects.legal", "Case Court Document Jurisdiction LegalFiling PartyList Pleading"),
)
COLLOQUY_TABLE: tuple[tuple[str, str, str], ...] = (
    ("docs/authors/background-tasks.md", "task_progress", "task_progress"),
    ("docs/authors/sessions.md", "unattended", "allow_unattended forbid_unattended"),
    ("docs/authors/scheduled-actions.md", "timers", "schedule_action"),
    ("docs/authors/scheduled-actions.md", "reminders", "remind"),
    ("docs/authors/text-messages.md", "receiving_texts", "expect_texts get_texts"),
)
"""What docassemble does not have: for interviews that import it from `colloquy.interview`."""
_OF_CHANCE = ("random_alphanumeric", "random_bytes", "random_lower_string", "random_string")
_OLDER = (("beside", "logmessage"),)
_BESIDE = {
    QUERIES: tuple(("session_columns", name) for name in ("And", "Not", "Or", "Sessions")),
    UTIL: (
        ("dates", "DateTimeDelta"),
        ("for_modules", "RawValue"),
        ("learning.learners", "MachineLearningEntry"),
        ("other_sessions", "SessionResponse"),
        *_OLDER,
    ),
    CORE: _OLDER,
    FUNCTIONS: (("objects.remembered", "DANav"), ("beside", "safeid"), ("beside", "from_safeid"), *_OLDER),
    ERROR: tuple(
        ("beside", name)
        for name in ("DAAttributeError", "DAIndexError", "DAInvalidFilename", "DANameError", "DANotFoundError")
    ),
    COLLOQUY: (
        ("receiving_mail", "EmailAddress"),
        ("receiving_texts", "IncomingText"),
        ("tasks", "Launching"),
        ("tasks", "TaskHandle"),
        ("tasks", "TaskResult"),
        ("timers", "TimerHandle"),
        ("reminders", "ReminderHandle"),
    ),
}
"""Classes that answers may hold under a module's name although authors do not call them by it; and what is found in a
module by who asks for it, without being given to an interview that lists the module."""
SQL_TABLE: tuple[tuple[str, str, str], ...] = (
    (
        "spec/area2 §9.7",
        "author_stores.databases",
        "alchemy_url connect_args create_objects register_db upgrade_db",
    ),
    ("spec/area2 §9.7", "author_stores.rows", "SQLObject"),
    (
        "spec/area2 §9.7",
        "author_stores.relations",
        "SQLObjectList SQLObjectRelationship SQLRelationshipList StandardRelationshipList",
    ),
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
        case _ if module == GENERATE_KEY:
            from shared.interview.library import beside

            return {name: getattr(beside, name) for name in _OF_CHANCE}
        case _ if module == LOGGER:
            return {"logmessage": _util_names()["log"]}
        case _ if module == DATES:
            return dict(_members(tuple(row for row in TABLE if row[1] == "dates")))
        case _ if module == CONFIG:
            run = current_run_or_none()
            return {"daconfig": dict(run.context.config) if run is not None else {}}
        case _ if module == SQL:
            return dict(_members(SQL_TABLE))
        case _ if module == QUERIES:
            return {"DA": SimpleNamespace(**hidden_members_of(QUERIES))}
        case _ if module == COLLOQUY:
            return dict(_members(COLLOQUY_TABLE))
    return None


def hidden_members_of(module: str) -> dict[str, Any]:
    """Classes stored answers may name in a module beside its public names."""
    pairs = _BESIDE.get(module, ())
    return {name: getattr(importlib.import_module(f"{_HERE}.{source}"), name) for source, name in pairs}


def class_by_full_name(name: str) -> type[Any] | None:
    """A class by the name its JSON carries, e.g. `docassemble.base.util.Individual`, or None.

    One of the library, or a DAObject class of an interview package whose module is in use: a name in data imports
    nothing.
    """
    module, _, simple = name.rpartition(".")
    members = members_of(module)
    if members is not None:
        found = {**members, **hidden_members_of(module)}.get(simple)
        return found if isinstance(found, type) else None
    if not module.startswith("docassemble."):
        return None
    found = getattr(sys.modules.get(module), simple, None)
    return found if isinstance(found, type) and issubclass(found, _util_names()["DAObject"]) else None
