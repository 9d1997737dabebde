package essim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// looksLikeDocument is the check of a server that only counts.
func looksLikeDocument(doc []byte) bool {
	return len(doc) > 2 && doc[0] == '{' && doc[len(doc)-1] == '}'
}

// checkDocument reports why the real server would not take a document: it is
// no object, has no @timestamp, or a key twice, be it dotted or nested.
func checkDocument(doc []byte) error {
	if !json.Valid(doc) {
		return fmt.Errorf("not valid JSON")
	}
	c := documentCheck{dec: json.NewDecoder(bytes.NewReader(doc)), leaves: map[string]bool{}}
	c.dec.UseNumber()
	first, err := c.dec.Token()
	if err != nil || first != json.Delim('{') {
		return fmt.Errorf("not an object")
	}
	if err := c.object(""); err != nil {
		return err
	}
	for path := range c.leaves {
		for i, b := range path {
			if b == '.' && c.leaves[path[:i]] {
				return fmt.Errorf("object mapping for [%s] tried to parse field as object, but found a concrete value", path[:i])
			}
		}
	}
	if !c.timed {
		return fmt.Errorf("data stream timestamp field [@timestamp] is missing")
	}
	return nil
}

type documentCheck struct {
	dec    *json.Decoder
	leaves map[string]bool // paths with a value
	timed  bool
}

// object reads an object, of which the brace is read, at a path.
func (c *documentCheck) object(path string) error {
	keys := map[string]bool{}
	for c.dec.More() {
		token, err := c.dec.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string) // a key always is
		if keys[key] {
			return fmt.Errorf("duplicate field '%s'", key)
		}
		keys[key] = true
		if key == "" || strings.Trim(key, ".") != key || strings.Contains(key, "..") {
			return fmt.Errorf("field name [%s] cannot be empty or have empty parts", key)
		}
		full := key
		if path != "" {
			full = path + "." + key
		}
		if err := c.value(full); err != nil {
			return err
		}
	}
	_, err := c.dec.Token() // the closing brace
	return err
}

func (c *documentCheck) value(path string) error {
	token, err := c.dec.Token()
	if err != nil {
		return err
	}
	if token == json.Delim('{') {
		return c.object(path)
	}
	if c.leaves[path] {
		return fmt.Errorf("field [%s] occurs twice, dotted and nested", path)
	}
	c.leaves[path] = true
	if token == json.Delim('[') {
		return c.skipArray()
	}
	if path == "@timestamp" {
		c.timed = true
		return checkTime(token)
	}
	return nil
}

// skipArray reads the rest of an array, whose elements may repeat keys.
func (c *documentCheck) skipArray() error {
	for depth := 1; depth > 0; {
		token, err := c.dec.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
	return nil
}

func checkTime(token json.Token) error {
	switch t := token.(type) {
	case json.Number:
		return nil // epoch_millis
	case string:
		if _, err := time.Parse(time.RFC3339Nano, t); err == nil {
			return nil
		}
	}
	return fmt.Errorf("failed to parse field [@timestamp] of type [date]: %v", token)
}
