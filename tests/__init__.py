"""The project's tests: unit (mirrors the tree), contract, language, flows, browser, fault, architecture, bench."""
