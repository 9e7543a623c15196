"""Objects that mirror rows, as an author writes them."""

from docassemble.base.sql import SQLObject, SQLObjectRelationship, alchemy_url, connect_args, upgrade_db
from docassemble.base.util import DAObject, Person
from sqlalchemy import ForeignKey, Integer, String, create_engine
from sqlalchemy.orm import declarative_base, mapped_column, sessionmaker

__all__ = ["Account", "Bank", "Client"]

Base = declarative_base()


class BankModel(Base):
    __tablename__ = "bank"
    id = mapped_column(Integer, primary_key=True)
    routing = mapped_column(String(50), unique=True)
    name = mapped_column(String(250))
    town = mapped_column(String(250))


class ClientModel(Base):
    __tablename__ = "client"
    id = mapped_column(Integer, primary_key=True)
    name = mapped_column(String(250), unique=True)


class AccountModel(Base):
    __tablename__ = "account"
    id = mapped_column(Integer, primary_key=True)
    bank_id = mapped_column(Integer, ForeignKey("bank.id", ondelete="CASCADE"), nullable=False)
    client_id = mapped_column(Integer, ForeignKey("client.id", ondelete="CASCADE"), nullable=False)


url, arguments = alchemy_url("demo db"), connect_args("demo db")
engine = create_engine(url, connect_args=arguments)
Base.metadata.create_all(engine)
session = sessionmaker(bind=engine)()
upgrade_db(url, __file__, engine, version_table="auto", conn_args=arguments)


class Named(Person, SQLObject):
    def init(self, *pargs, **kwargs):
        super().init(*pargs, **kwargs)
        self.sql_init()

    def db_get(self, column):
        if column == "name":
            return self.name.text
        return getattr(self, column)

    def db_set(self, column, value):
        if column == "name":
            self.name.text = value
        else:
            setattr(self, column, value)

    def db_null(self, column):
        if column == "name":
            del self.name.text
        else:
            delattr(self, column)


class Bank(Named):
    _model, _session, _required, _uid = BankModel, session, ["name"], "routing"


class Client(Named):
    _model, _session, _required, _uid = ClientModel, session, ["name"], "name"


class Account(DAObject, SQLObjectRelationship):
    _model, _session = AccountModel, session
    _parent = [Bank, "bank", "bank_id"]
    _child = [Client, "client", "client_id"]

    def init(self, *pargs, **kwargs):
        super().init(*pargs, **kwargs)
        self.rel_init(*pargs, **kwargs)
