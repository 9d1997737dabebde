// Package outputtest is what every output must do, as a test suite. An output's
// own test opens it against a destination of its own making and calls Run:
//
//	outputtest.Run(t, func(t *testing.T, d outputs.Deps) outputtest.Target { ... })
//
// It also makes sample documents and requests, for the tests of what only one
// output does.
package outputtest
