package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestSASL(t *testing.T) {
	for _, c := range []struct {
		name, sasl, password string
		refused              bool
	}{
		{"plain", "plain", "right", false},
		{"scram-sha-256", "scram-sha-256", "right", false},
		{"scram-sha-512", "scram-sha-512", "right", false},
		{"plain, wrong", "plain", "wr0ng", true},
		{"scram-sha-512, wrong", "scram-sha-512", "wr0ng", true},
		{"none", "", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "u", "right"), kfake.Superuser("SCRAM-SHA-256", "u", "right"), kfake.Superuser("SCRAM-SHA-512", "u", "right"))
			o := f.start(func(k *Config) {
				oneTopic(k)
				if k.SASL = c.sasl; c.sasl != "" {
					k.Username, k.Password = "u", config.NewSecret(c.password)
				}
			})
			err := send(t, o, outputtest.Docs(1))
			if (err != nil) != c.refused {
				t.Errorf("send: %v", err)
			}
			// This broker ends the connection; a real one answers with a code,
			// which needs a person: integration/kafka.
			if c.sasl != "" && c.refused && (err == nil || !strings.Contains(err.Error(), "wrong password")) {
				t.Errorf("send: got %v, want a word on the password", err)
			}
			if err != nil && strings.Contains(err.Error(), "wr0ng") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// certificate makes a certificate for 127.0.0.1, good for some days, as files.
func certificate(t *testing.T, days int) (cert, key string, pair tls.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "k"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Duration(days)*24*time.Hour + time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: encoded}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err = tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key, pair
}

// secure is a fake that speaks TLS and, with clients, wants certificates.
func secure(t *testing.T, pair tls.Certificate, clients bool) *fake {
	settings := &tls.Config{Certificates: []tls.Certificate{pair}}
	if clients {
		settings.ClientAuth = tls.RequireAnyClientCert
	}
	return newFake(t, kfake.ListenFn(func(network, address string) (net.Listener, error) { return tls.Listen(network, address, settings) }))
}

func TestTLS(t *testing.T) {
	cert, key, pair := certificate(t, 100)
	other, _, _ := certificate(t, 100)
	for _, c := range []struct {
		name    string
		clients bool
		change  func(*Config)
		refused string
	}{
		{"a known authority", false, func(k *Config) { k.CAFile = cert }, ""},
		{"an unknown authority", false, func(k *Config) { k.TLS = true }, "certificate"},
		{"another authority", false, func(k *Config) { k.CAFile = other }, "certificate"},
		{"not verified, as was asked for", false, func(k *Config) { k.TLSSkipVerify = true }, ""},
		{"a client certificate", true, func(k *Config) { k.CAFile, k.ClientCert, k.ClientKey = cert, cert, key }, ""},
		{"no client certificate", true, func(k *Config) { k.CAFile = cert }, "remote error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := secure(t, pair, c.clients)
			err := send(t, f.start(func(k *Config) { oneTopic(k); c.change(k) }), outputtest.Docs(1))
			var person *outputs.Misconfigured
			switch {
			case c.refused == "" && err != nil, c.refused != "" && !errors.As(err, &person):
				t.Errorf("send: %v", err)
			case c.refused != "" && !strings.Contains(err.Error(), c.refused):
				t.Errorf("send: got %v, want %q", err, c.refused)
			}
		})
	}
	t.Run("a broker without TLS", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for c, err := l.Accept(); err == nil; c, err = l.Accept() {
				_, _ = c.Write([]byte("220 this is something else\r\n"))
				_ = c.Close()
			}
		}()
		f := newFake(t)
		err = send(t, f.start(func(k *Config) { k.TLS, k.Endpoints = true, []string{l.Addr().String()} }), outputtest.Docs(1))
		var person *outputs.Misconfigured
		if !errors.As(err, &person) {
			t.Errorf("send: got %v, want that a person must act", err)
		}
	})
}

// A peer that takes connections and says nothing holds nobody for long.
func TestSilentPeer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			go func() { _, _ = io.Copy(io.Discard, c) }()
		}
	}()
	f := newFake(t)
	for _, change := range []func(*Config){
		func(*Config) {},
		func(k *Config) { k.TLS = true },
		func(k *Config) { k.SASL, k.Username = "plain", "u" },
	} {
		o := f.start(func(k *Config) { k.Endpoints = []string{l.Addr().String()}; change(k) })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		start := time.Now()
		err := o.Send(ctx, outputtest.Request(t, o, outputtest.Docs(1)))
		cancel()
		if took := time.Since(start); err == nil || took > time.Second {
			t.Errorf("send: got %v after %v", err, took)
		}
	}
}

func TestRotatedPassword(t *testing.T) {
	f := newFake(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "u", "right"))
	o := f.start(func(k *Config) {
		oneTopic(k)
		k.SASL, k.Username, k.Password = "scram-sha-512", "u", config.NewSecret("wrong")
	})
	if err := send(t, o, outputtest.Docs(1)); err == nil {
		t.Fatal("send: got no error")
	}
	o.cluster.dialer.config.Password = config.NewSecret("right") // as Secret.Refresh does for all its copies
	if err := send(t, o, outputtest.Docs(1)); err != nil {
		t.Errorf("send with the new one: %v", err)
	}
}
