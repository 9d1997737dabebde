// Package splunk tests the splunk output against VictoriaLogs, whose intake of
// HEC is an independent reader of our requests (build tag integration). It is
// built from source into SLUICE_IT_CACHE (default /var/tmp/sluice-it) on first
// use.
//
// It stores what comes and can be asked for it, and that is all: it checks no
// token and no key of an envelope, never refuses a document, and acknowledges
// nothing. internal/hecsim stands in for all of that. It does not keep empty
// strings, nulls and empty objects, flattens objects, and answers before
// anything is on disk: a kill within the second after loses what it has
// answered for. The test that kills it puts an intake of the test's own before
// it, which acknowledges what has been on disk.
package splunk
