//! The contract between browser, CLI, agent and server.
