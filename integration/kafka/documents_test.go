//go:build integration

package kafka

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/outputs/outputtest"
)

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// long reports whether the long form of a test is wanted.
func long() bool { return os.Getenv("LONG") != "" }

// oddMessages are lines that have been trouble somewhere.
func oddMessages() map[string][]byte {
	return map[string][]byte{
		"empty":            {},
		"a megabyte":       []byte(strings.Repeat("0123456789 abcdef", 1<<20/17)),
		"quotes":           []byte(`say "hello", it's a \"test\" \\`),
		"control":          []byte("\x00\x01\x07\b\t\n\r\x1b[31mred\x7f"),
		"invalid UTF-8":    []byte("caf\xe9 \xff\xfe \xed\xa0\x80 end"),
		"line separators":  []byte("a\u2028b\u2029c\u0085d"),
		"outside the BMP":  []byte("𝄞 😀 \U0010ffff"),
		"looks like JSON":  []byte(`{"create":{"_index":"x"}}` + "\n{}"),
		"a null character": []byte("before\x00after"),
	}
}

// documents are n documents, a few of them odd.
func documents(n int) []event.Doc {
	docs := outputtest.Docs(n)
	at := 0
	put := func(json []byte) {
		docs[at].JSON = json
		at += 7
	}
	for name, message := range oddMessages() {
		json := fmt.Appendf(nil, `{"odd":%q,"message":"`, name)
		json = jsonscan.AppendEscaped(json, message)
		put(append(json, `"}`...))
	}
	put([]byte(`{"deep":` + strings.Repeat(`{"a":[`, 500) + `1` + strings.Repeat(`]}`, 500) + `}`))
	var wide strings.Builder
	for k := range 2000 {
		fmt.Fprintf(&wide, `,"key %d":%d`, k, k)
	}
	put([]byte("{" + wide.String()[1:] + "}"))
	put([]byte("{}"))
	return docs
}
