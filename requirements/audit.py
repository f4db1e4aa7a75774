"""Read pip-audit's report (JSON, standard input) and say what it means; see `make audit`.

pip-audit ends with success when it could not ask its database about a single package. Here that
is a skip that nobody can overlook, and a vulnerability is a failure.
"""

import json
import sys


def main() -> int:
    """Print the outcome; return 1 if there is a known vulnerability, else 0."""
    content = sys.stdin.read()
    packages = json.loads(content)["dependencies"] if content.strip() else []
    asked = [package for package in packages if "skip_reason" not in package]
    if not asked:
        print("SKIPPED: the vulnerability database cannot be reached; nothing was audited")
        return 0
    if skipped := [package["name"] for package in packages if "skip_reason" in package]:
        print(f"not audited, the database does not know them: {', '.join(skipped)}")
    found = [
        f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in "
        f"{', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for package in asked
        for vulnerability in package["vulns"]
    ]
    print("\n".join(found) or f"no known vulnerability in {len(asked)} packages")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
