-- The account of scheduled actions has the name that interviews know (spec/area3 §1.4).
update people.accounts set first_name = 'Cron', last_name = 'User'
where privileges = '{cron}' and first_name = '' and last_name = '';
