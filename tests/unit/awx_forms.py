"""The forms of AWX's objects, of a pattern and of a workflow, as far as this collection's files use them.

Sources: the pages of AWX's API for job_templates, workflow_job_templates, workflow_job_template_nodes, credential_types
and survey_spec; the READMEs of the roles controller_job_templates, controller_workflow_job_templates and
controller_credential_types of infra.aap_configuration, which take the same objects ("Controller Export Model"); and
specifications/pattern_specification.json of ansible/pattern-service. A key that is not here is a key that nobody reads.
"""

from __future__ import annotations

import typing as t

TEXT: dict[str, t.Any] = {"type": "string", "minLength": 1}
NAMED: dict[str, t.Any] = {
    "type": "object",
    "properties": {"name": TEXT, "type": TEXT},
    "required": ["name"],
    "additionalProperties": False,
}
LINKS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"identifier": TEXT},
        "required": ["identifier"],
        "additionalProperties": False,
    },
}
QUESTION = {
    "type": "object",
    "properties": {
        "question_name": TEXT,
        "question_description": TEXT,
        "required": {"type": "boolean"},
        "type": {"enum": ["text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"]},
        "variable": {"type": "string", "pattern": "^[a-z0-9_]{1,64}$"},
        "default": {"type": ["string", "integer"]},
        "min": {"type": ["integer", "null"]},
        "max": {"type": ["integer", "null"]},
        "choices": {"type": "array", "items": TEXT},
    },
    "required": ["question_name", "question_description", "required", "type", "variable"],
    "if": {"properties": {"type": {"const": "multiplechoice"}}},
    "then": {"required": ["choices"]},
    "additionalProperties": False,
}
SURVEY: dict[str, t.Any] = {
    "type": "object",
    "properties": {"name": TEXT, "description": TEXT, "spec": {"type": "array", "items": QUESTION, "minItems": 1}},
    "required": ["name", "description", "spec"],
    "additionalProperties": False,
}
JOB_TEMPLATE = {
    "type": "object",
    "properties": {
        "name": {**TEXT, "maxLength": 512},
        "description": TEXT,
        "job_type": {"enum": ["run", "check"]},
        "diff_mode": {"type": "boolean"},
        "inventory": NAMED,
        "project": NAMED,
        "playbook": {"type": "string", "pattern": "^[a-z_]+[.]yml$"},
        "execution_environment": NAMED,
        "ask_limit_on_launch": {"type": "boolean"},
        "ask_job_slice_count_on_launch": {"type": "boolean"},
        "job_slice_count": {"type": "integer", "minimum": 1},
        "allow_simultaneous": {"type": "boolean"},
        "survey_enabled": {"type": "boolean"},
        "related": {
            "type": "object",
            "properties": {"survey_spec": SURVEY, "credentials": {"type": "array", "items": NAMED}},
            "additionalProperties": False,
        },
    },
    "required": ["name", "job_type", "inventory", "project", "playbook"],
    "additionalProperties": False,
}
CREDENTIAL_TYPE = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "description": TEXT,
        "kind": {"enum": ["cloud", "net"]},
        "inputs": {
            "type": "object",
            "properties": {
                "fields": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "properties": {
                            "id": {"type": "string", "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"},
                            "type": {"enum": ["string", "boolean"]},
                            "label": TEXT,
                            "secret": {"type": "boolean"},
                            "multiline": {"type": "boolean"},
                            "help_text": TEXT,
                        },
                        "required": ["id", "label", "type"],
                        "additionalProperties": False,
                    },
                },
                "required": {"type": "array", "items": TEXT},
            },
            "required": ["fields"],
            "additionalProperties": False,
        },
        "injectors": {
            "type": "object",
            "properties": {"extra_vars": {"type": "object"}, "env": {"type": "object"}, "file": {"type": "object"}},
            "additionalProperties": False,
        },
    },
    "required": ["name", "kind", "inputs", "injectors"],
    "additionalProperties": False,
}
NODE = {
    "type": "object",
    "properties": {
        "identifier": TEXT,
        "limit": TEXT,
        "extra_data": {"type": "object"},
        "all_parents_must_converge": {"type": "boolean"},
        "unified_job_template": {
            "oneOf": [
                {
                    "properties": {"name": TEXT, "type": {"const": "job_template"}},
                    "required": ["name", "type"],
                    "additionalProperties": False,
                },
                {
                    "properties": {
                        "name": TEXT,
                        "description": TEXT,
                        "timeout": {"type": "integer", "minimum": 0},
                        "type": {"const": "workflow_approval"},
                    },
                    "required": ["name", "type"],
                    "additionalProperties": False,
                },
            ]
        },
        "related": {
            "type": "object",
            "properties": {"success_nodes": LINKS, "failure_nodes": LINKS, "always_nodes": LINKS},
            "additionalProperties": False,
        },
    },
    "required": ["identifier", "unified_job_template"],
    "additionalProperties": False,
}
WORKFLOW = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "description": TEXT,
        "organization": NAMED,
        "ask_limit_on_launch": {"type": "boolean"},
        "allow_simultaneous": {"type": "boolean"},
        "survey_enabled": {"type": "boolean"},
        "related": {
            "type": "object",
            "properties": {"workflow_nodes": {"type": "array", "items": NODE, "minItems": 1}, "survey_spec": SURVEY},
            "required": ["workflow_nodes"],
            "additionalProperties": False,
        },
    },
    "required": ["name", "organization", "related"],
    "additionalProperties": False,
}
CONTROLLER = {
    "type": "object",
    "properties": {
        "controller_credential_types": {"type": "array", "items": CREDENTIAL_TYPE},
        "controller_templates": {"type": "array", "items": JOB_TEMPLATE},
        "controller_workflows": {"type": "array", "items": WORKFLOW},
    },
    "required": ["controller_credential_types", "controller_templates", "controller_workflows"],
    "additionalProperties": False,
}
PATTERN = {
    "type": "object",
    "properties": {
        "schema_version": {"const": "1.0"},
        "name": {"type": "string", "pattern": "^[a-z0-9_]{1,64}$"},
        "title": {**TEXT, "maxLength": 64},
        "description": TEXT,
        "short_description": {"type": "string", "pattern": "[^.]$"},
        "tags": {"type": "array", "items": TEXT, "uniqueItems": True},
        "aap_resources": {
            "type": "object",
            "properties": {
                "controller_project": {
                    "type": "object",
                    "properties": {"name": {**TEXT, "maxLength": 200}, "description": TEXT},
                    "required": ["name", "description"],
                    "additionalProperties": False,
                },
                "controller_job_templates": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "properties": {
                            "name": {**TEXT, "maxLength": 200},
                            "description": TEXT,
                            "playbook": TEXT,
                            "primary": {"type": "boolean"},
                            "ask_inventory_on_launch": {"type": "boolean"},
                            "ask_credential_on_launch": {"type": "boolean"},
                            "survey": SURVEY,
                        },
                        "required": ["name", "description", "playbook"],
                        "additionalProperties": False,
                    },
                },
            },
            "required": ["controller_project", "controller_job_templates"],
            "additionalProperties": False,
        },
    },
    "required": ["schema_version", "name", "title", "description", "short_description", "aap_resources"],
    "additionalProperties": False,
}
