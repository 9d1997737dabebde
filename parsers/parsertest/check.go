package parsertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
)

// Check holds row i and its document against what destinations need.
func Check(b *event.Batch, i int) error {
	if err := checkFields(b, i); err != nil {
		return err
	}
	doc := b.AppendDocument(nil, i, Classes)
	if !json.Valid(doc) {
		return fmt.Errorf("the document is no JSON: %s", doc)
	}
	if bytes.ContainsAny(doc, "\n\r") {
		return fmt.Errorf("the document is not one line: %q", doc)
	}
	if !bytes.Equal(doc, bytes.ToValidUTF8(doc, nil)) {
		return fmt.Errorf("the document is not UTF-8: %q", doc)
	}
	leaves := map[string]int{}
	var text error
	collect(leaves, "", doc, &text)
	if text != nil {
		return fmt.Errorf("%w: %s", text, doc)
	}
	for path, n := range leaves {
		if n > 1 {
			return fmt.Errorf("%q occurs %d times: %s", path, n, doc)
		}
		for at := range path {
			if path[at] == '.' && leaves[path[:at]] > 0 {
				return fmt.Errorf("%q is below %q: %s", path, path[:at], doc)
			}
		}
	}
	return checkOurs(doc, leaves)
}

func checkFields(b *event.Batch, i int) error {
	seen := map[string]bool{}
	for _, f := range b.Fields(i) {
		if int(f.Key.End()) > b.Size() || int(f.Val.End()) > b.Size() {
			return fmt.Errorf("a span is out of bounds: %+v", f)
		}
		key := string(b.Bytes(f.Key))
		if seen[key] {
			return fmt.Errorf("key %q occurs twice", key)
		}
		seen[key] = true
		if f.Inline && !strings.HasPrefix(string(b.Bytes(event.Span{Off: f.Key.End(), Len: 2})), `":`) {
			return fmt.Errorf("key %q does not stand as it is to be written", key)
		}
	}
	return nil
}

// collect counts the paths of all leaves, arrays counted as leaves but looked
// into for their objects.
func collect(leaves map[string]int, prefix string, object []byte, bad *error) {
	jsonscan.Each(object, func(k, v []byte) bool {
		key := string(jsonscan.AppendUnquoted(nil, k))
		for _, segment := range strings.Split(key, ".") {
			if strings.Trim(segment, " \t\r\n\x00\x01\x02\x03") == "" {
				*bad = fmt.Errorf("key %q has an empty part", key)
			}
		}
		switch v[0] {
		case '{':
			n := len(leaves)
			collect(leaves, prefix+key+".", v, bad)
			if n == len(leaves) { // empty
				leaves[prefix+key]++
			}
		case '[':
			leaves[prefix+key]++
			elements(v, bad)
		default:
			leaves[prefix+key]++
		}
		return true
	})
}

// elements checks the objects of an array, each by itself.
func elements(array []byte, bad *error) {
	for rest := array[1:]; ; {
		v, after, err := jsonscan.Value(rest)
		if err != jsonscan.NoError {
			return
		}
		switch v[0] {
		case '{':
			inner := map[string]int{}
			collect(inner, "", v, bad)
			for path, n := range inner {
				if n > 1 {
					*bad = fmt.Errorf("%q occurs twice in an array's object", path)
				}
			}
		case '[':
			elements(v, bad)
		}
		rest = bytes.TrimLeft(after, " \t\r\n,")
	}
}

// checkOurs holds that no line can set what is ours, and that the message and
// the time are what they have to be.
func checkOurs(doc []byte, leaves map[string]int) error {
	for path, want := range map[string]string{
		"log.file.path":       `"/var/log/test.log"`,
		"kubernetes.pod.name": `"web-0"`,
		"labels.retention":    `"standard"`,
	} {
		if got, _ := jsonscan.Get(doc, path); string(got) != want {
			return fmt.Errorf("%s is %s, want %s: %s", path, got, want, doc)
		}
	}
	for path := range leaves {
		if strings.HasPrefix(path, "kubernetes.") && path != "kubernetes.pod.name" || strings.HasPrefix(path, "log.file.") && path != "log.file.path" ||
			strings.HasPrefix(path, "sluice.") && path != "sluice.parse_error" {
			return fmt.Errorf("%s was forged: %s", path, doc)
		}
	}
	if message, ok := jsonscan.Get(doc, "message"); ok && message[0] != '"' {
		return fmt.Errorf("the message is no text: %s", doc)
	}
	for _, path := range []string{"service.name", "host.name", "error.message", "error.type", "error.stack_trace", "log.level", "deployment.environment"} {
		if v, ok := jsonscan.Get(doc, path); ok && v[0] == '{' {
			return fmt.Errorf("%s is an object: %s", path, doc)
		}
	}
	if at, ok := jsonscan.Get(doc, "@timestamp"); !ok || at[0] != '"' {
		return fmt.Errorf("there is no time: %s", doc)
	}
	return nil
}
