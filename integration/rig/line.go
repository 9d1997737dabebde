//go:build integration

package rig

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// AppendLine appends a JSON log line of about 200 bytes, with its line end.
func AppendLine(dst []byte, writer int, seq uint64, now time.Time) []byte {
	dst = append(dst, `{"time":"`...)
	dst = now.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","level":"info","msg":"Booking confirmed, the host was notified","writer":`...)
	dst = strconv.AppendInt(dst, int64(writer), 10)
	dst = append(dst, `,"seq":`...)
	dst = strconv.AppendUint(dst, seq, 10)
	dst = append(dst, `,"request":{"method":"POST","path":"/api/v1/bookings","status":201}}`...)
	return append(dst, '\n')
}

// AppendNoise appends a JSON log line of about 1,100 bytes that compresses to
// three quarters at best: it fills a buffer in little time.
func AppendNoise(dst []byte, writer int, seq uint64) []byte {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	dst = append(dst, `{"level":"info","writer":`...)
	dst = strconv.AppendInt(dst, int64(writer), 10)
	dst = append(dst, `,"seq":`...)
	dst = strconv.AppendUint(dst, seq, 10)
	dst = append(dst, `,"msg":"`...)
	random := rand.New(rand.NewPCG(uint64(writer), seq))
	for range 100 {
		for bits, i := random.Uint64(), 0; i < 10; i, bits = i+1, bits>>6 {
			dst = append(dst, letters[bits&63])
		}
	}
	return append(dst, "\"}\n"...)
}

// WriteFile writes n lines, made by line, to the end of a file.
func WriteFile(t testing.TB, path string, n int, line func(dst []byte, i int) []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 256<<10)
	var buf []byte
	for i := range n {
		buf = line(buf[:0], i)
		if _, err := w.Write(buf); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// SentAt is the time in a document made from AppendLine's line.
func SentAt(doc []byte) (time.Time, bool) {
	_, rest, ok := bytes.Cut(doc, []byte(`"@timestamp":"`))
	if !ok {
		return time.Time{}, false
	}
	text, _, _ := bytes.Cut(rest, []byte{'"'})
	at, err := time.Parse(time.RFC3339Nano, string(text))
	return at, err == nil
}

// ReadLine finds the writer and the number in a line, or in a document made
// from one.
func ReadLine(text []byte) (writer int, seq uint64, ok bool) {
	w, ok1 := numberAfter(text, `"writer":`)
	seq, ok2 := numberAfter(text, `"seq":`)
	return int(w), seq, ok1 && ok2
}

func numberAfter(text []byte, mark string) (uint64, bool) {
	i := bytes.Index(text, []byte(mark))
	if i < 0 {
		return 0, false
	}
	text = text[i+len(mark):]
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	v, err := strconv.ParseUint(string(text[:n]), 10, 64)
	return v, err == nil
}
