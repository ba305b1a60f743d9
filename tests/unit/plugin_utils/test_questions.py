from ansible_collections.imops.identity_manager.plugins.plugin_utils import _questions


def test_equal_questions_share_a_key_whatever_the_order_of_their_fields():
    assert _questions.key({"kind": "file", "path": "C:\\a"}) == _questions.key({"path": "C:\\a", "kind": "file"})
