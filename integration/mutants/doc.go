// Package mutants takes the safeguards out of Sluice one by one, and demands
// that a test fails each time: a safeguard that no test misses is not known to
// work.
//
// Each *.patch in this folder is one mutant. Its head says, in lines before the
// diff, which test must fail and what the safeguard is for:
//
//	# test: ./buffer TestCursorIsSyncedBeforeItsSegmentIsRemoved
//	# A segment that is gone while the cursor still points into it is data lost.
//	--- a/buffer/retain.go
//	+++ b/buffer/retain.go
//
// What follows the package is the regular expression for go test's -run and,
// if need be, further flags (-tags integration). Run them with
//
//	go test -tags mutants ./integration/mutants        # the first ten
//	go test -tags mutants ./integration/mutants -all   # all of them
package mutants
