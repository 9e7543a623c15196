"""Models and objects on a registered database, as an author writes them."""

from docassemble.base.sql import SQLObject, SQLObjectRelationship, create_objects, register_db
from docassemble.base.util import DAObject

__all__ = ["Club", "Member", "Membership"]

db = register_db("demo db")


class ClubModel(db.Model):
    __bind_key__ = "demo db"
    __tablename__ = "club"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(50), unique=True)


class MemberModel(db.Model):
    __bind_key__ = "demo db"
    id = db.Column(db.Integer, primary_key=True)
    uid = db.Column(db.String(50), unique=True)


class MembershipModel(db.Model):
    __bind_key__ = "demo db"
    id = db.Column(db.Integer, primary_key=True)
    club_id = db.Column(db.Integer, db.ForeignKey("club.id", ondelete="CASCADE"), nullable=False)
    member_id = db.Column(db.Integer, db.ForeignKey("member_model.id", ondelete="CASCADE"), nullable=False)


create_objects(__file__, "demo db")


class Plain(DAObject, SQLObject):
    def init(self, *pargs, **kwargs):
        super().init(*pargs, **kwargs)
        self.sql_init()

    def db_get(self, column):
        return getattr(self, column)

    def db_set(self, column, value):
        setattr(self, column, value)

    def db_null(self, column):
        delattr(self, column)


class Club(Plain):
    _model, _session, _uid = ClubModel, db.session, "name"


class Member(Plain):
    _model, _session = MemberModel, db.session


class Membership(DAObject, SQLObjectRelationship):
    _model, _session = MembershipModel, db.session
    _parent = [Club, "club", "club_id"]
    _child = [Member, "member", "member_id"]

    def init(self, *pargs, **kwargs):
        super().init(*pargs, **kwargs)
        self.rel_init(*pargs, **kwargs)
