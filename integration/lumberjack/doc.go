// Package lumberjack runs the real binary against the Lumberjack protocol's own
// server, go-lumber's, in a process of its own that is killed and started again
// in the middle. What it received is read back and compared one by one, id by
// id, with what the archive got. The tests have the build tag integration;
// with LONG=1 they take more lines and kill the server more often.
package lumberjack
