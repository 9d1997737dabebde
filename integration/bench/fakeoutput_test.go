package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"
)

// fakeOutput ships documents to one kind of sink as simply as can be.
func fakeOutput(ctx context.Context, kind, addr string) (func(docs []string) error, error) {
	url := "http://" + addr
	switch kind {
	case elastic:
		return func(docs []string) error {
			return post(url+"/_bulk", "", "", around(docs, `{"create":{"_id":"x"}}`+"\n", "\n"), "")
		}, nil
	case splunk:
		return func(docs []string) error {
			return post(url+"/services/collector/event", "", "", around(docs, `{"time":1.500,"event":`, "}"), "")
		}, nil
	case plainHTTP:
		return func(docs []string) error { return post(url, "", "", around(docs, "", "\n"), "") }, nil
	case cloudwatch:
		return fakeCloudwatch(url)
	case kafka:
		return fakeKafka(ctx, addr)
	}
	return nil, fmt.Errorf("no output %q", kind)
}

func around(docs []string, before, after string) string {
	return before + strings.Join(docs, after+before) + after
}

// fakeKafka is a producer without an id, over one connection at a time.
func fakeKafka(ctx context.Context, addr string) (func(docs []string) error, error) {
	var conn net.Conn
	return func(docs []string) (err error) {
		if conn == nil {
			if conn, err = new(net.Dialer).DialContext(ctx, "tcp", addr); err != nil {
				conn = nil
				return err
			}
		}
		if err := produceTo(conn, docs); err != nil {
			conn.Close()
			conn = nil
			return err
		}
		return nil
	}, nil
}

func produceTo(conn net.Conn, docs []string) error {
	var records []protocol.Record
	for _, d := range docs {
		records = append(records, protocol.Record{Value: protocol.NewBytes([]byte(d))})
	}
	set := protocol.RecordSet{Version: 2, Attributes: codecZstd, Records: protocol.NewRecordReader(records...)}
	request := &produce.Request{Acks: -1, Timeout: 1000, Topics: []produce.RequestTopic{{
		Topic: "logs", Partitions: []produce.RequestPartition{{Partition: 1, RecordSet: set}},
	}}}
	if err := protocol.WriteRequest(conn, 8, 1, "fake", request); err != nil {
		return err
	}
	_, answer, err := protocol.ReadResponse(conn, protocol.Produce, 8)
	if err != nil {
		return err
	}
	if code := answer.(*produce.Response).Topics[0].Partitions[0].ErrorCode; code != 0 {
		return fmt.Errorf("the broker says %d", code)
	}
	return nil
}

func fakeCloudwatch(url string) (func(docs []string) error, error) {
	for _, call := range []string{"CreateLogGroup", "CreateLogStream"} {
		if err := post(url, "X-Amz-Target", "Logs_20140328."+call, `{"logGroupName":"g","logStreamName":"s"}`, "plain"); err != nil {
			return nil, err
		}
	}
	return func(docs []string) error {
		var events []string
		for _, d := range docs {
			events = append(events, `{"timestamp":1,"message":`+strconv.Quote(d)+`}`)
		}
		return post(url, "X-Amz-Target", "Logs_20140328.PutLogEvents",
			`{"logGroupName":"g","logStreamName":"s","logEvents":[`+strings.Join(events, ",")+`]}`, "")
	}, nil
}

func post(url, header, value, text, coding string) error {
	var body bytes.Buffer
	if coding == "plain" {
		body.WriteString(text)
	} else {
		w := gzip.NewWriter(&body)
		io.WriteString(w, text)
		if err := w.Close(); err != nil {
			return err
		}
	}
	req, err := http.NewRequest(http.MethodPost, url, &body)
	if err != nil {
		return err
	}
	if coding != "plain" {
		req.Header.Set("Content-Encoding", "gzip")
	}
	if header != "" {
		req.Header.Set(header, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the sink says %s", resp.Status)
	}
	return nil
}
