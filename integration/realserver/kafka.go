//go:build integration

package realserver

import (
	"bytes"
	"encoding/json"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Kafka is a broker that is a cluster by itself.
type Kafka struct {
	*Node
	TLS string // folder of its certificates
}

// StartKafka starts a broker with further lines in its properties.
func StartKafka(t testing.TB, props string) *Kafka {
	t.Helper()
	if _, err := exec.LookPath("kcat"); err != nil {
		t.Skip("kcat is not installed: apt-get install kcat")
	}
	b := &Kafka{TLS: filepath.Join(t.TempDir(), "tls")}
	b.Node = Start(t, kafka, "KAFKA_TLS="+b.TLS, "KAFKA_PROPS="+props)
	return b
}

// Address is that of a listener, by its distance from the first port: the one
// in the clear is 0.
func (b *Kafka) Address(t testing.TB, listener int) string {
	t.Helper()
	host, port, err := net.SplitHostPort(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort(host, strconv.Itoa(first+listener))
}

// KafkaRecord is one as kcat shows it.
type KafkaRecord struct {
	Partition int      `json:"partition"`
	Offset    int      `json:"offset"`
	Millis    int64    `json:"ts"`
	Headers   []string `json:"headers"`
	Key       *string  `json:"key"`
	Payload   string   `json:"payload"`
}

// Header is the value of a header that must be there.
func (r *KafkaRecord) Header(t testing.TB, name string) string {
	t.Helper()
	for i := 0; i+1 < len(r.Headers); i += 2 {
		if r.Headers[i] == name {
			return r.Headers[i+1]
		}
	}
	t.Fatalf("record %d of partition %d has no header %s", r.Offset, r.Partition, name)
	return ""
}

// Read reads a topic to its end with kcat, which checks each batch's checksum.
func (b *Kafka) Read(t testing.TB, topic string) []KafkaRecord {
	t.Helper()
	cmd := exec.Command("kcat", "-C", "-b", b.Address(t, 0), "-t", topic, "-e", "-q", "-J", "-o", "beginning", "-X", "check.crcs=true", "-X", "fetch.message.max.bytes=8388608")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("kcat: %v\n%s", err, errs.String())
	}
	var list []KafkaRecord
	for line := range strings.Lines(string(out)) {
		var r KafkaRecord
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("kcat: %v in %.200s", err, line)
		}
		list = append(list, r)
	}
	return list
}
