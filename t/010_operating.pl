# Each query in doc/operating.md's "What to watch" works, and finds nothing where all is well.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('operating');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'spine'");
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION spine;
CREATE TABLE t ();
SELECT spine_register('t');
SELECT spine_append('t', 1, ARRAY['p' || i]) FROM generate_series(1, 100) i;
SELECT spine_complete_merge(claim, len, ARRAY['m' || claim]) FROM spine_claim_merge(max => 2);
SELECT spine_append_batch('t', 1, '{i}');
SELECT spine_hold('t', 'reader', 0);
END
$node->poll_query_until('postgres', 'SELECT bool_and(applied_at IS NOT NULL) FROM spine_merge_results');

my ($watch) = slurp_file('doc/operating.md') =~ /^## What to watch\n(.*?)^## /ms;
my @queries = $watch =~ /^```sql\n(.*?)^```/msg;
cmp_ok(scalar(@queries), '>', 5, 'there are queries');
is($node->safe_psql('postgres', $_), '', $_) for @queries;

# And they do find something
$node->safe_psql('postgres', <<'END');
SET spine.max_attempts = 1;
SELECT spine_append('t', 1, ARRAY['q' || i]) FROM generate_series(1, 100) i;
SELECT spine_release_claim(claim, 'broken') FROM spine_claim_merge('t');
ALTER SYSTEM SET spine.max_attempts = 1;
UPDATE spine_reader_hold SET held_at = now() - interval '2 days';
UPDATE spine_garbage_part SET removed_at = now() - interval '2 days';
END
$node->reload;
my $found = join '', map { $node->safe_psql('postgres', $_) } @queries;
like($found, qr/broken/, 'a parked request is found');
like($found, qr/reader/, 'an old hold is found');
like($found, qr/t\|\d+\|/, 'old garbage is found');

$node->stop;
done_testing();
