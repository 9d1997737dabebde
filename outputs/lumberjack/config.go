package lumberjack

import (
	"fmt"
	"time"

	"github.com/renthub/sluice/internal/config"
)

// Config is the block of a lumberjack output.
type Config struct {
	Endpoints        []string        `hcl:"endpoints"`                  // host:port of Logstash's beats inputs; tls://host:port speaks TLS, tcp://host:port does not; without a scheme it is TLS once ca_file or client_cert is set; the port is 5044 if not given
	CAFile           string          `hcl:"ca_file,optional"`           // PEM of the authority that signed the server's certificate
	ClientCert       string          `hcl:"client_cert,optional"`       // PEM, for servers that ask for one
	ClientKey        string          `hcl:"client_key,optional"`        // PEM of its private key
	TLSSkipVerify    bool            `hcl:"tls_skip_verify,optional"`   // takes any certificate; for tests only
	Timeout          config.Duration `hcl:"timeout,optional"`           // how long a server may neither take bytes nor answer; a busy one says each few seconds that it is alive
	CompressionLevel int             `hcl:"compression_level,optional"` // of zlib, 1 (fastest) to 9 (smallest); 0 is none
	MaxWindow        int             `hcl:"max_window,optional"`        // documents in one window, the unit that is acknowledged
	Pipelining       int             `hcl:"pipelining,optional"`        // windows on the way on one connection
	InFlight         int             `hcl:"in_flight,optional"`         // connections in use at a time
	MaxRequestSize   config.Size     `hcl:"max_request_size,optional"`  // of the documents that one connection is given at a time, before compression
	Beat             string          `hcl:"beat,optional"`              // @metadata.beat, the name that Logstash's configs put into index names
}

func defaults() Config {
	return Config{
		Timeout:          config.Duration(60 * time.Second),
		CompressionLevel: 1,
		MaxWindow:        2048,
		Pipelining:       2,
		InFlight:         2,
		MaxRequestSize:   4 << 20,
		Beat:             "sluice",
	}
}

// Validate implements config.Validator. It needs no network and no files.
func (c Config) Validate() []config.Problem {
	var list []config.Problem
	bad := func(attr, summary, detail string) {
		list = append(list, config.Problem{Attr: attr, Summary: summary, Detail: detail})
	}
	if len(c.Endpoints) == 0 {
		bad("endpoints", "No endpoint", `Name one server or more: endpoints = ["logstash:5044"].`)
	}
	for _, text := range c.Endpoints {
		if _, err := parseEndpoint(text, false); err != nil {
			bad("endpoints", "Wrong endpoint", "It is host:port, tls://host:port or tcp://host:port, but this one "+err.Error()+".")
		}
	}
	if (c.ClientCert == "") != (c.ClientKey == "") {
		bad("client_cert", "Half of a client certificate", "Set client_cert and client_key together.")
	}
	if c.Timeout.Std() < time.Second {
		bad("timeout", "Wrong value for timeout", "It must be 1s or more.")
	}
	for _, n := range []struct {
		attr            string
		got, least, max int
	}{
		{"compression_level", c.CompressionLevel, 0, 9},
		{"max_window", c.MaxWindow, 1, 100_000},
		{"pipelining", c.Pipelining, 1, 16},
		{"in_flight", c.InFlight, 1, 64},
	} {
		if n.got < n.least || n.got > n.max {
			bad(n.attr, "Wrong value for "+n.attr, fmt.Sprintf("It must be %d to %d.", n.least, n.max))
		}
	}
	if c.MaxRequestSize < 64<<10 {
		bad("max_request_size", "Wrong value for max_request_size", "It must be 64KiB or more.")
	}
	return list
}
