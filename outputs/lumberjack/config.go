package lumberjack

import (
	"fmt"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
)

// Config is the block of a lumberjack output.
type Config struct {
	endpoints.Config
	CompressionLevel int         `hcl:"compression_level,optional"` // of zlib, 1 (fastest) to 9 (smallest); 0 is none
	MaxWindow        int         `hcl:"max_window,optional"`        // documents in one window, the unit that is acknowledged
	Pipelining       int         `hcl:"pipelining,optional"`        // windows on the way on one connection
	MaxRequestSize   config.Size `hcl:"max_request_size,optional"`  // of the documents that one connection is given at a time, before compression
	MaxDocumentSize  config.Size `hcl:"max_document_size,optional"` // a longer document becomes a dead letter; no limit if not set
	Beat             string      `hcl:"beat,optional"`              // @metadata.beat, the name that Logstash's configs put into index names
}

func defaults() Config {
	return Config{
		Config:           endpoints.Defaults(),
		CompressionLevel: 1,
		MaxWindow:        2048,
		Pipelining:       2,
		MaxRequestSize:   4 << 20,
		Beat:             "sluice",
	}
}

// schemes are those that endpoints can have; one without speaks TLS once a
// certificate is named.
func (c Config) schemes() []string {
	if c.CAFile != "" || c.ClientCert != "" {
		return []string{"tls", "tcp"}
	}
	return []string{"tcp", "tls"}
}

// Validate implements config.Validator. It needs no network and no files.
func (c Config) Validate() []config.Problem {
	list := c.Problems(c.schemes()...)
	bad := func(attr, detail string) {
		list = append(list, config.Problem{Attr: attr, Summary: "Wrong value for " + attr, Detail: detail})
	}
	for _, n := range []struct {
		attr            string
		got, least, max int
	}{
		{"compression_level", c.CompressionLevel, 0, 9},
		{"max_window", c.MaxWindow, 1, 100_000},
		{"pipelining", c.Pipelining, 1, 16},
	} {
		if n.got < n.least || n.got > n.max {
			bad(n.attr, fmt.Sprintf("It must be %d to %d.", n.least, n.max))
		}
	}
	if c.RateLimit != 0 {
		bad("rate_limit", "The protocol has no requests to be counted. Use bandwidth_limit.")
	}
	if c.MaxDocumentSize < 0 || c.MaxDocumentSize > 0 && c.MaxDocumentSize < 1<<10 {
		bad("max_document_size", "It must be 1KiB or more.")
	}
	if c.MaxRequestSize < 64<<10 {
		bad("max_request_size", "It must be 64KiB or more.")
	}
	return list
}

// writeSize is how many bytes are written at a time. Each is a sign of life,
// and with bandwidth_limit it waits, which must not take long.
func (c Config) writeSize() int {
	const most, least = 64 << 10, 1 << 10
	if c.BandwidthLimit == 0 {
		return most
	}
	return int(min(max(c.BandwidthLimit/4, least), most))
}
