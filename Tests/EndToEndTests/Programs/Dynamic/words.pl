# Hashes, regular expressions, sorting, a pipe to a child and back.
use strict; use warnings; use POSIX ();
my %count; my $state = 12345;
for my $i (1 .. 200000) {
  $state = ($state * 1103515245 + 12345) % 2147483648;
  $count{sprintf 'w%05d', $state % 60000}++;
}
my @top = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
printf "%d words, %s %d, %s %d\n", scalar(@top), $top[0], $count{$top[0]}, $top[-1], $count{$top[-1]};
my $text = join ' ', @top;
my $hits = () = $text =~ /w(\d)\d*\1\b/g;
(my $other = $text) =~ s/w(\d+)/sprintf 'v%x', $1/ge;
printf "%d hits, %d characters, %d\n", $hits, length $other, unpack '%32C*', $other;

pipe(my $down_out, my $down_in) or die; pipe(my $up_out, my $up_in) or die;
my $child = fork; die unless defined $child;
if (!$child) {
  close $down_in; close $up_out;
  my $sum = 0; $sum += $_ while <$down_out>;
  print $up_in "$sum of ", scalar(keys %count), "\n"; close $up_in;
  $count{"w$_"} = 1 for 1 .. 50000;
  POSIX::_exit(7);
}
close $down_out; close $up_in;
print $down_in "$_\n" for 1 .. 20000; close $down_in;
print "child says ", <$up_out>;
waitpid $child, 0;
printf "ended with %d, %d words here\n", $? >> 8, scalar keys %count;
my $got = 0; local $SIG{USR1} = sub { $got++ };
kill USR1 => $$ for 1 .. 5;
print "signals $got\n";
print "backquotes ", `echo from a shell | tr a-z A-Z`;
eval { die { code => 42 } }; print "died with $@->{code}\n";
my @sorted = sort { $a <=> $b } map { ($_ * 7919) % 100003 } 1 .. 100000;
print "sorted @sorted[0, 50000, 99999]\n";
