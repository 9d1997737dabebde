// Package kafka tests the kafka output against a real broker, and reads back
// with kcat, which is built on other hands' client library. The tests have the
// build tag integration, install the broker on first use into SLUICE_IT_CACHE
// (default /var/tmp/sluice-it), and skip without bash, maven, a JDK and kcat.
// With LONG=1 they take more documents and kill the broker more often.
package kafka
