"""What the configuration directives of docassemble are called here, so that a move from there can be checked.

A directive without a counterpart says so, and why. The names are those of spec/area3 §8.3 and of the published
documentation; underscores in them are read as spaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: the settings that take its place, what to know, and its environment variables there."""

    name: str
    ours: tuple[str, ...]
    text: str
    variables: tuple[str, ...] = ()

    @property
    def explanation(self) -> str:
        """One sentence or two: what takes its place."""
        named = ", ".join(f"COLLOQUY_{name.upper()}" for name in self.ours)
        return f"{named}. {self.text}".strip(". ") + "." if named else f"No counterpart. {self.text}"


def _d(name: str, ours: str, text: str = "", variables: str = "") -> Directive:
    return Directive(name, tuple(ours.split()), text, tuple(variables.split()))


DIRECTIVES: tuple[Directive, ...] = (
    _d("timezone", "default_timezone cron_timezone", "The second is that of cron types", "TIMEZONE"),
    _d("url root", "public_url", "With the path, e.g. https://forms.example.org/", "URLROOT"),
    _d("root", "public_url", "The path is its last part", "POSTURLROOT"),
    _d("external hostname", "public_url allowed_hosts", "The host of the first is always allowed", "DAHOSTNAME"),
    _d("use https", "public_url", "It starts with https:// behind a proxy that ends TLS", "USEHTTPS"),
    _d("behind https load balancer", "public_url trusted_proxies", "", "BEHINDHTTPSLOADBALANCER"),
    _d("http to https", "", "The proxy in front redirects."),
    _d("use lets encrypt", "", "The proxy in front has the certificate.", "USELETSENCRYPT"),
    _d("lets encrypt email", "", "The proxy in front has the certificate.", "LETSENCRYPTEMAIL"),
    _d("cross site domains", "allowed_origins"),
    _d("allowed hosts", "allowed_hosts"),
    _d("expose websockets", "", "Live connections share the port of the pages.", "DAEXPOSEWEBSOCKETS"),
    _d("websockets ip", "host", "Live connections share the port of the pages", "DAWEBSOCKETSIP"),
    _d("websockets port", "port", "Live connections share the port of the pages", "DAWEBSOCKETSPORT"),
    _d("db", "database_url", "Only PostgreSQL; a prefix of tables is not needed, they have schemas of their own",
       "DBHOST DBNAME DBUSER DBPASSWORD DBPREFIX DBPORT DBTABLEPREFIX DBBACKUP"),
    _d("redis", "redis_url author_redis_url", "The second is that of `DARedis`", "REDIS"),
    _d("rabbitmq", "amqp_url amqp_prefix", "", "RABBITMQ"),
    _d("sql ping", "", "Connections that broke are noticed and replaced.", "DASQLPING"),
    _d("s3", "files_url s3_endpoint s3_region s3_access_key s3_secret_key", "For the contents of files",
       "S3ENABLE S3BUCKET S3ACCESSKEY S3SECRETACCESSKEY S3REGION S3ENDPOINTURL"),
    _d("azure", "", "Contents of files lie in a folder or in an S3-compatible store.",
       "AZUREENABLE AZUREACCOUNTNAME AZUREACCOUNTKEY AZURECONTAINER"),
    _d("uploads", "files_dir"),
    _d("secretkey", "server_key_file", "A file that `colloquy keys create` makes; never a password you think of",
       "DASECRETKEY"),
    _d("concurrency lock timeout", "lock_wait_seconds"),
    _d("checkin interval", "check_in_seconds", "In seconds, not milliseconds; 0 turns check-ins off there and here"),
    _d("celery processes", "worker_concurrency worker_processes", "", "DACELERYWORKERS"),
    _d("max celery processes", "worker_concurrency worker_processes", "", "DAMAXCELERYWORKERS"),
    _d("celery result retention days", "", "A result is kept as long as its session."),
    _d("celery modules", "", "Background code is what interviews contain."),
    _d("celery task routes", "", "Tasks of low priority have a queue and a limit of their own."),
    _d("interview delete days", "interview_delete_days"),
    _d("interview delete days by filename", "interview_delete_days_by_filename", "As JSON"),
    _d("user auto delete", "user_delete_days user_delete_privileges user_delete_shared",
       "Somebody who uses a key, or whose sessions change, is not inactive"),
    _d("default cron account", "", "Scheduled actions run as an account of their own."),
    _d("incoming mail domain", "mail_domain", ""),
    _d("enable email server", "smtp_port", "0 where it was False."),
    _d("mail", "mail_host mail_port mail_user mail_password mail_security mail_sender mail_configs",
       "The last takes the whole list, as JSON; azure has no counterpart"),
    _d("twilio", "twilio", "As JSON. Calls, faxes and interviews by text message have no counterpart"),
    _d("enable sms interface", "twilio_incoming", "Replies come in; interviews are not answered question by question"),
    _d("enable faxing", "", "Faxes are not sent."),
    _d("fax provider", "", "Faxes are not sent."),
    _d("error notification email", "error_mail_to", "With commas between several"),
    _d("error notification variables", "", "Answers are never sent to an operator."),
    _d("suppress error notificiations", "error_mail_besides", "With commas between several"),
    _d("log", "", "Logs go to standard error; whoever runs the service keeps them."),
    _d("log server", "", "Logs go to standard error as JSON; collect them there.", "LOGSERVER"),
    _d("log format", "log_format"),
    _d("log to std", "", "Logs go to standard error, always."),
    _d("allow log viewing", "", "Logs are not shown in the browser."),
    _d("debug", "error_details log_level", "Whether pages of errors show details"),
    _d("backup days", "", "Run `colloquy backup` by a timer; the key ring is kept apart.",
       "DABACKUPDAYS"),
    _d("backup file storage", "", "Back up the folder or bucket of the files."),
    _d("maximum content length", "max_body_bytes max_file_bytes", "The first without files, the second for a file"),
    _d("kubernetes", "", "There is nothing to tell: services are the same everywhere.", "KUBERNETES"),
    _d("ec2", "", "There is nothing to tell: services are the same everywhere.", "EC2"),
    _d("read only file system", "data_dir", "Only this folder and /tmp are written to", "DAREADONLYFILESYSTEM"),
    _d("server administrator email", "mail_sender", "", "SERVERADMIN"),
    _d("config from", "", "Secrets are read from files: COLLOQUY_…_FILE."),
    _d("language", "default_language"),
    _d("locale", "default_locale", "", "LOCALE"),
    _d("country", "default_country"),
    _d("other locales", "", "All locales that Babel knows are there.", "OTHERLOCALES"),
    _d("default interview", "interview_config_file", "There it has the same name"),
    _d("dispatch", "interview_config_file", "There it has the same name"),
    _d("dispatch interview", "interview_config_file", "There it has the same name"),
    _d("root redirect url", "interview_config_file", "There it has the same name"),
    _d("exitpage", "exit_page"),
    _d("jinja data", "interview_config_file", "There it has the same name"),
    _d("words", "", "Translations come with the interviews."),
    _d("allow registration", "registration"),
    _d("delete account deletes shared", "delete_account_deletes_shared"),
    _d("confirm registration", "confirm_addresses"),
    _d("password complexity", "shortest_password", "Its length only"),
    _d("password login", "", "People can always sign in by password if they have one."),
    _d("attempt limit", "sign_in_attempts"),
    _d("ban period", "sign_in_ban_seconds"),
    _d("ip address ban enabled", "sign_in_attempts", "Always on; an account and an address are counted together"),
    _d("session lifetime seconds", "browser_sessions_kept_days", "In days, since the last sign of the browser"),
    _d("oauth", "oidc_issuer oidc_client_id oidc_client_secret oidc_label", "One OpenID Connect provider"),
    _d("two factor authentication", "", "Accounts have a second step if their owner turns it on."),
    _d("supervisor", "", "Services are processes of whatever runs them.", "DASUPERVISORPASSWORD"),
    _d("allow updates", "", "`colloquy packages add` brings packages into a folder of COLLOQUY_INTERVIEW_PATH.",
       "DAALLOWUPDATES"),
    _d("allow changing password", "", "People can always change their password."),
    _d("enable playground", "", "There is no playground: write in a folder of COLLOQUY_INTERVIEW_PATH."),
    _d("pandoc", "", "Documents are made by Typst, and by LibreOffice where it is installed."),
    _d("libreoffice", "office_program"),
    _d("gotenberg url", "gotenberg_url"),
    _d("enable unoconv", "office_program", "", "ENABLEUNOCONV"),
    _d("tesseract", "ocr_program"),
    _d("imagemagick", "", "Pictures are converted by Pillow."),
    _d("web server", "", "The gateway answers HTTP itself.", "DAWEBSERVER"),
    _d("port", "port", "", "PORT"),
    _d("container role", "", "The command names the service: `colloquy serve session`.", "CONTAINERROLE"),
    _d("social", "", "Each interview says it in its `metadata`."),
    _d("google", "", "There are no maps with a key, and no analytics."),
    _d("default icons", "", "Pictures of buttons come with the interviews."),
    _d("appearance", "", "Pages are styled by interviews and by Bootstrap's own variables."),
    _d("bootstrap theme", "", "Pages are styled by interviews and by Bootstrap's own variables."),
)  # fmt: skip
"""In the order a reader would look for them: addresses, servers, work, mail, logs, people, programs."""

BY_NAME: Mapping[str, Directive] = {one.name: one for one in DIRECTIVES}
BY_VARIABLE: Mapping[str, Directive] = {name: one for one in DIRECTIVES for name in one.variables}


def directive_of(name: str) -> Directive | None:
    """The directive that somebody means by a name as it stands in a file, or in the environment there."""
    return BY_NAME.get(name.replace("_", " ").strip().lower()) or BY_VARIABLE.get(name)
