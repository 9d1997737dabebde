// Package elasticsearch tests the elasticsearch output against real servers:
// Elasticsearch, and OpenSearch where a Java that it needs is found. The tests
// have the build tag integration, install what they need on first use into
// SLUICE_IT_CACHE (default /var/tmp/sluice-it) and skip without bash, maven and
// a JDK.
package elasticsearch
