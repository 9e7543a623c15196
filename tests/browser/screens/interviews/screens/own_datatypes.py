"""A datatype with a rule of its own, as authors write them for jQuery Validation."""

from docassemble.base.util import CustomDataType


class Plate(CustomDataType):
    """A number plate."""

    name = "plate"
    jq_rule = "plate"
    jq_message = "A plate is two letters and a number."
    javascript = """
$.validator.addMethod('plate', function (value, element) {
  return this.optional(element) || /^[A-Z]{2} [0-9]+$/.test(value);
});
"""
