//! What is wrong with a Compose file, and where; the words live in the message catalogues.

use std::collections::BTreeMap;

use api::message::Message;
use serde::Serialize;

pub use api::app::Severity;

/// One finding at a place of the Compose file.
///
/// The text a person reads is `compose.<code>` in `api/messages/`, with `{param}` filled from `params`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The supplied file the place is in; `None` is the Compose file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// The element, such as `services.web.ports[0]`; empty for the whole file.
    pub path: String,
    /// Whether the file can be used all the same.
    pub severity: Severity,
    /// The message key without its `compose.` prefix.
    pub code: &'static str,
    /// What the message's placeholders stand for.
    pub params: BTreeMap<String, String>,
}

impl Diagnostic {
    /// What a person reads, by key and parameters.
    pub fn message(&self) -> Message {
        Message { key: format!("compose.{}", self.code), params: self.params.clone() }
    }
}

/// A kind of finding: its message key and the parameters its message takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The message key without its prefix.
    pub id: &'static str,
    /// The names of the parameters.
    pub params: &'static [&'static str],
}

macro_rules! codes {
    ($($name:ident = $id:literal [$($param:literal),*];)*) => {
        /// Every kind of finding.
        pub mod code {
            use super::Code;
            $(pub const $name: Code = Code { id: $id, params: &[$($param),*] };)*
            /// All of them, for the test that compares them with the catalogues.
            #[cfg(test)]
            pub const ALL: &[Code] = &[$($name),*];
        }
    };
}

codes! {
    TEXT_TOO_LONG = "text_too_long" ["limit"];
    YAML_SYNTAX = "yaml_syntax" ["detail"];
    YAML_CONTROL = "yaml_control" ["character"];
    YAML_DOCUMENTS = "yaml_documents" [];
    YAML_DEPTH = "yaml_depth" ["limit"];
    YAML_NODES = "yaml_nodes" ["limit"];
    YAML_SIZE = "yaml_size" ["limit"];
    YAML_ALIAS = "yaml_alias" [];
    YAML_TAG = "yaml_tag" ["tag"];
    YAML_KEY = "yaml_key" [];
    YAML_MERGE = "yaml_merge" [];
    DUPLICATE_KEY = "duplicate_key" ["key", "line"];
    TOO_MANY_FINDINGS = "too_many_findings" ["limit"];

    INTERPOLATION_SYNTAX = "interpolation_syntax" ["expression"];
    INTERPOLATION_DEPTH = "interpolation_depth" ["limit"];
    INTERPOLATION_SIZE = "interpolation_size" ["limit"];
    VARIABLE_REQUIRED = "variable_required" ["name"];
    VARIABLE_REQUIRED_BECAUSE = "variable_required_because" ["name", "reason"];
    VARIABLE_UNSET = "variable_unset" ["name"];

    UNKNOWN_KEY = "unknown_key" ["key"];
    UNKNOWN_KEY_SUGGEST = "unknown_key_suggest" ["key", "suggestion"];
    MISSING_KEY = "missing_key" ["key"];
    EXPECTED_MAPPING = "expected_mapping" ["value"];
    EXPECTED_LIST = "expected_list" ["value"];
    EXPECTED_TEXT = "expected_text" ["value"];
    EXPECTED_TEXT_QUOTE = "expected_text_quote" ["value"];
    EXPECTED_TEXT_OR_LIST = "expected_text_or_list" ["value"];
    EXPECTED_LIST_OR_MAPPING = "expected_list_or_mapping" ["value"];
    EXPECTED_TEXT_OR_MAPPING = "expected_text_or_mapping" ["value"];
    EXPECTED_BOOLEAN = "expected_boolean" ["value"];
    EXPECTED_INTEGER = "expected_integer" ["value", "min", "max"];
    EXPECTED_NUMBER = "expected_number" ["value"];
    EXPECTED_BYTES = "expected_bytes" ["value"];
    EXPECTED_DURATION = "expected_duration" ["value"];
    EXPECTED_ONE_OF = "expected_one_of" ["value", "choices"];
    EXPECTED_MODE = "expected_mode" ["value"];
    BOOLEAN_SPELLING = "boolean_spelling" ["value", "meant"];
    MODE_DECIMAL = "mode_decimal" ["value", "octal"];
    ENTRY_IS_MAPPING = "entry_is_mapping" [];
    KEY_VALUE_EMPTY = "key_value_empty" ["value"];
    COMMAND_QUOTE = "command_quote" ["value"];

    NAME_INVALID = "name_invalid" ["name"];
    PROJECT_NAME_INVALID = "project_name_invalid" ["name"];
    NO_SERVICES = "no_services" [];
    NO_ACTIVE_SERVICES = "no_active_services" [];
    IMAGE_MISSING = "image_missing" ["service"];
    IMAGE_INVALID = "image_invalid" ["image"];

    PORT_INVALID = "port_invalid" ["value"];
    PORT_RANGE_ORDER = "port_range_order" ["value"];
    PORT_RANGE_LENGTH = "port_range_length" ["value"];
    PORT_ADDRESS = "port_address" ["value"];
    PORT_PROTOCOL = "port_protocol" ["value"];
    PORTS_TOO_MANY = "ports_too_many" ["limit"];
    PORT_TAKEN = "port_taken" ["port", "service"];

    VOLUME_INVALID = "volume_invalid" ["value"];
    VOLUME_TARGET = "volume_target" ["value"];
    VOLUME_OPTION = "volume_option" ["value"];
    VOLUME_TYPE_UNSUPPORTED = "volume_type_unsupported" ["value"];
    VOLUME_UNDEFINED = "volume_undefined" ["name"];
    VOLUME_OPTIONS_MISPLACED = "volume_options_misplaced" ["key", "type"];
    BIND_RELATIVE = "bind_relative" ["value"];
    BIND_WINDOWS = "bind_windows" ["value"];
    MOUNT_TWICE = "mount_twice" ["target"];
    TMPFS_OPTION = "tmpfs_option" ["value"];

    NETWORK_UNDEFINED = "network_undefined" ["name"];
    NETWORK_MODE_AND_NETWORKS = "network_mode_and_networks" [];
    NETWORK_MODE_PORTS = "network_mode_ports" ["mode"];
    NETWORK_MODE_PORTS_IGNORED = "network_mode_ports_ignored" ["mode"];
    NETWORK_ADDRESS = "network_address" ["value"];
    NETWORK_SUBNET = "network_subnet" ["value"];
    MAC_ADDRESS = "mac_address" ["value"];
    SERVICE_UNDEFINED = "service_undefined" ["name"];
    SERVICE_UNDEFINED_SUGGEST = "service_undefined_suggest" ["name", "suggestion"];
    SERVICE_ITSELF = "service_itself" [];
    SERVICE_INACTIVE = "service_inactive" ["name", "profiles"];
    DEPENDENCY_CYCLE = "dependency_cycle" ["cycle"];
    HEALTH_UNCHECKED = "health_unchecked" ["name"];

    EXTERNAL_OPTIONS = "external_options" ["key"];
    EXTERNAL_NAME_OBSOLETE = "external_name_obsolete" [];
    EXTERNAL_FILE_SINGLE_ENGINE = "external_file_single_engine" ["name"];
    CONFIG_UNDEFINED = "config_undefined" ["name"];
    SECRET_UNDEFINED = "secret_undefined" ["name"];
    FILE_SOURCE_MISSING = "file_source_missing" [];
    FILE_SOURCE_MANY = "file_source_many" [];
    FILE_VARIABLE = "file_variable" ["name"];
    FILE_NOT_SUPPLIED = "file_not_supplied" ["file"];
    FILES_TOO_LARGE = "files_too_large" ["limit"];
    ENV_FILE_NOT_SUPPLIED = "env_file_not_supplied" ["file"];
    ENV_FILE_SYNTAX = "env_file_syntax" ["content"];
    ENV_FILE_QUOTE = "env_file_quote" ["name"];

    HEALTH_TEST_FORM = "health_test_form" ["value"];
    HEALTH_TEST_EMPTY = "health_test_empty" [];
    RESTART_INVALID = "restart_invalid" ["value"];
    RESTART_CONFLICT = "restart_conflict" [];
    PULL_POLICY_INVALID = "pull_policy_invalid" ["value"];
    CONFLICTING_VALUES = "conflicting_values" ["first", "second"];
    CONTAINER_NAME_REPLICAS = "container_name_replicas" ["replicas"];
    REPLICAS_TOO_MANY = "replicas_too_many" ["limit"];
    CONTAINER_NAME_TWICE = "container_name_twice" ["name", "service"];
    DEPLOY_JOB = "deploy_job" ["mode"];
    REPLICAS_GLOBAL = "replicas_global" [];
    EXTRA_HOST_INVALID = "extra_host_invalid" ["value"];
    DEVICE_INVALID = "device_invalid" ["value"];
    DEVICE_COUNT_AND_IDS = "device_count_and_ids" [];
    ULIMIT_SOFT_HARD = "ulimit_soft_hard" ["soft", "hard"];
    LABEL_RESERVED = "label_reserved" ["label"];
    LINK_INVALID = "link_invalid" ["value"];

    VOLUMES_FROM_INVALID = "volumes_from_invalid" ["value"];

    EXTENDS_CYCLE = "extends_cycle" ["cycle"];
    EXTENDS_DEPTH = "extends_depth" ["limit"];
    EXTENDS_MERGE = "extends_merge" ["key"];
    EXTENDS_FILE = "extends_file" ["file"];

    OBSOLETE_VERSION = "obsolete_version" [];
    SWARM_ONLY = "swarm_only" ["key"];
    RESERVATION_ONLY = "reservation_only" ["key"];
    NO_EFFECT_ATTACH = "no_effect_attach" [];
    NO_EFFECT_DEVELOP = "no_effect_develop" [];
    NO_EFFECT_CONSISTENCY = "no_effect_consistency" [];
    BUILD_IGNORED = "build_ignored" [];
    UNSUPPORTED_BUILD = "unsupported_build" [];
    UNSUPPORTED_INCLUDE = "unsupported_include" [];
    UNSUPPORTED_PROVIDER = "unsupported_provider" [];
    UNSUPPORTED_MODELS = "unsupported_models" [];
    UNSUPPORTED_HOOKS = "unsupported_hooks" [];
    UNSUPPORTED_WINDOWS = "unsupported_windows" ["key"];
    UNSUPPORTED_EXTERNAL_LINKS = "unsupported_external_links" [];
    UNSUPPORTED_API_SOCKET = "unsupported_api_socket" [];
    UNSUPPORTED_DRIVER = "unsupported_driver" ["key"];
}
