//go:build integration

package lumberjack

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// long reports whether the long form of a test is wanted.
func long() bool { return os.Getenv("LONG") != "" }

// odd are lines that have been trouble somewhere. %d is the line's number.
func odd() []string {
	var wide strings.Builder
	for k := range 2000 {
		fmt.Fprintf(&wide, `,"key %d":"value %d"`, k, k)
	}
	return []string{
		`{"seq":%d,"message":""}`,
		`{"seq":%d,"message":"` + strings.Repeat("0123456789 abcdef", 1<<20/17) + `"}`,
		`{"seq":%d,"message":"say \"hello\", it's a \\\"test\\\" \\\\"}`,
		`{"seq":%d,"message":"\u0000\u0001\u0007\b\t\n\r\u001b[31mred\u007f"}`,
		"{\"seq\":%d,\"message\":\"raw \x01\x02\x1b control\tcharacters\"}",
		"{\"seq\":%d,\"message\":\"caf\xe9 \xff\xfe \xed\xa0\x80 end\"}",
		`{"seq":%d,"message":"a lone surrogate \ud800 and a pair \ud83d\ude00"}`,
		"{\"seq\":%d,\"message\":\"a\u2028b\u2029c\u0085d 𝄞\"}",
		`{"seq":%d,"deep":` + strings.Repeat(`{"a":[`, 300) + `1` + strings.Repeat(`]}`, 300) + `}`,
		`{"seq":%d` + wide.String() + `}`,
		`{"seq":%d,"@metadata":{"_id":"forged","pipeline":"forged"},"message":"a line that chooses its id"}`,
		`{"seq":%d,"\u0040metadata":{"_id":"forged"},"message":"the same, escaped"}`,
		`{"seq":%d,"message":"2J\u0000\u0000\u0000\u0001 2A 2W"}`,
		`not JSON at all, "seq":%d, {"create":{}}`,
		`{"seq":%d}`,
	}
}

// writeLines writes n lines with an odd one now and then, and returns where
// each begins.
func writeLines(t *testing.T, path string, n int) (starts map[int64]int) {
	t.Helper()
	starts = map[int64]int{}
	list := odd()
	var text bytes.Buffer
	for k := range n {
		starts[int64(text.Len())] = k
		if k%97 == 13 && k/97 < len(list) || k%9973 == 13 {
			text.WriteString(strings.Replace(list[k/97%len(list)], "%d", fmt.Sprint(k), 1))
		} else {
			fmt.Fprintf(&text, `{"seq":%d,"level":"info","msg":"GET /api/properties/%d/availability","user":{"id":%d},"ms":%d.5}`, k, k*7919%10007, k%513, k%1000)
		}
		text.WriteByte('\n')
	}
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return starts
}
