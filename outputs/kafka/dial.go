package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"github.com/renthub/sluice/internal/endpoints"
)

// dialTimeout bounds the way from nothing to a logged in connection.
const dialTimeout = 10 * time.Second

// dialer makes connections to brokers. It is immutable.
type dialer struct {
	config   Config
	tls      *tls.Config // nil sends in the clear
	clientID string
}

func newDialer(c Config, version string) (*dialer, error) {
	d := &dialer{config: c, clientID: "sluice-" + version}
	if !c.encrypted() {
		return d, nil
	}
	transport, err := endpoints.NewTransport(endpoints.Config{ // for its TLS config, which all outputs share
		CAFile: c.CAFile, ClientCert: c.ClientCert, ClientKey: c.ClientKey, TLSSkipVerify: c.TLSSkipVerify,
	})
	if err != nil {
		return nil, err
	}
	d.tls = transport.TLSClientConfig
	return d, nil
}

// dial connects to a broker, asks what it speaks and logs in.
func (d *dialer) dial(ctx context.Context, address string) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := d.connect(ctx, address)
	if err != nil {
		return nil, err
	}
	c := newConn(raw, d.clientID)
	if err := d.greet(ctx, c, address); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// connect opens the connection, encrypted if that is wanted.
func (d *dialer) connect(ctx context.Context, address string) (net.Conn, error) {
	dialer := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 3}}
	raw, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect to broker: %w", err)
	}
	if d.tls == nil {
		return raw, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	c := d.tls.Clone()
	c.ServerName = host
	secure := tls.Client(raw, c)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // the handshake's error says more
		return nil, fmt.Errorf("agree on TLS with %s: %w", address, err)
	}
	return secure, nil
}

// greet learns what the broker speaks and logs in.
func (d *dialer) greet(ctx context.Context, c *conn, address string) error {
	answer, err := c.roundTrip(ctx, &apiversions.Request{})
	if err != nil {
		return fmt.Errorf("ask %s what it speaks: %w", address, err)
	}
	versions, ok := answer.(*apiversions.Response)
	if !ok {
		return errAnswerBroken
	}
	if versions.ErrorCode != 0 {
		return fmt.Errorf("ask %s what it speaks: %w", address, kafka.Error(versions.ErrorCode))
	}
	c.versions = make(map[protocol.ApiKey]versionRange, len(versions.ApiKeys))
	for _, v := range versions.ApiKeys {
		c.versions[protocol.ApiKey(v.ApiKey)] = versionRange{v.MinVersion, v.MaxVersion}
	}
	if d.config.SASL == "" {
		return nil
	}
	if err := d.logIn(ctx, c); err != nil {
		return fmt.Errorf("log in at %s: %w", address, err)
	}
	return nil
}

// mechanism is made for each log in, since a secret's file may have changed.
func (d *dialer) mechanism() (sasl.Mechanism, error) {
	password := d.config.Password.Reveal()
	switch d.config.SASL {
	case saslSCRAM256:
		return scram.Mechanism(scram.SHA256, d.config.Username, password)
	case saslSCRAM512:
		return scram.Mechanism(scram.SHA512, d.config.Username, password)
	}
	return plain.Mechanism{Username: d.config.Username, Password: password}, nil
}

// errProof means that the broker could not show that it knows the password.
var errProof = errors.New("the exchange of proofs failed")

// logIn is kafka-go's exchange with the deadline that kafka-go leaves out: a
// broker that says nothing there holds its connection for ever.
func (d *dialer) logIn(ctx context.Context, c *conn) error {
	m, err := d.mechanism()
	if err != nil {
		return fmt.Errorf("%w: %w", errProof, err)
	}
	answer, err := c.roundTrip(ctx, &saslhandshake.Request{Mechanism: m.Name()})
	if err != nil {
		return err
	}
	if hands, ok := answer.(*saslhandshake.Response); !ok {
		return errAnswerBroken
	} else if hands.ErrorCode != 0 {
		return fmt.Errorf("%w (it offers %q)", kafka.Error(hands.ErrorCode), hands.Mechanisms)
	}
	session, say, err := m.Start(ctx)
	for done := false; !done; {
		if err != nil {
			return fmt.Errorf("%w: %w", errProof, err)
		}
		answer, err := c.roundTrip(ctx, &saslauthenticate.Request{AuthBytes: say})
		if errors.Is(err, io.EOF) { // or it is going down: only a code is certain
			return fmt.Errorf("%w: the broker ended the connection, as old ones do for a wrong password", err)
		}
		if err != nil {
			return err
		}
		told, ok := answer.(*saslauthenticate.Response)
		if !ok {
			return errAnswerBroken
		}
		if told.ErrorCode != 0 {
			return fmt.Errorf("%w: %s", kafka.Error(told.ErrorCode), told.ErrorMessage)
		}
		if done, say, err = session.Next(ctx, told.AuthBytes); err != nil {
			return fmt.Errorf("%w: %w", errProof, err)
		}
	}
	return nil
}
