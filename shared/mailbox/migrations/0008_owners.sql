create index addresses_of_owner on mailbox.addresses (owner);
