-- Until then somebody is sending it: an order may come twice while the first is still carried out.
alter table mailbox.outgoing add column claimed_until timestamptz;
