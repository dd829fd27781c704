package wasm

import (
	"errors"
	"testing"
)

// A module that is closed works on for those that it has, also where one instance follows
// another, and is freed behind the last of them.
func TestModuleIsFreedBehindItsInstances(t *testing.T) {
	ctx := t.Context()
	m := load(t, newHost(t, nil), cGuestNamed(t, "toil"), Limits{})
	one, err := m.Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := m.Pool(ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	batch := toil(t, 20, 5, -1, "", 10)
	for range 2 {
		if err := m.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for name, fold := range map[string]folder{"an instance": one, "a pool": pool} {
		if _, err := fold.Fold(ctx, batch); err != nil || m.freed {
			t.Errorf("%s of a module that is closed: %v, freed %t", name, err, m.freed)
		}
	}
	for range 2 {
		if err := one.Close(ctx); err != nil || m.freed {
			t.Errorf("closing one of two: %v, freed %t", err, m.freed)
		}
	}
	other, err := m.Instantiate(ctx)
	if err != nil {
		t.Fatalf("beside a pool another instance starts: %v", err)
	}
	if err := other.Close(ctx); err != nil || m.freed {
		t.Errorf("closing that: %v, freed %t", err, m.freed)
	}
	if err := pool.Close(ctx); err != nil || !m.freed {
		t.Errorf("closing the last: %v, freed %t", err, m.freed)
	}
}

// A module that nobody uses is freed at once, and starts nothing any more.
func TestModuleIsFreedAtOnce(t *testing.T) {
	ctx := t.Context()
	m := load(t, newHost(t, nil), cGuestNamed(t, "toil"), Limits{})
	pool, err := m.Pool(ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := pool.Close(ctx); err != nil || m.uses.n != 0 {
			t.Errorf("closing the pool: %v, %d uses", err, m.uses.n)
		}
	}
	if err := m.Close(ctx); err != nil || !m.freed {
		t.Errorf("%v, freed %t", err, m.freed)
	}
	if _, err := m.Instantiate(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("an instance of it: %v", err)
	}
	if _, err := m.Pool(ctx, 2); !errors.Is(err, ErrClosed) {
		t.Errorf("a pool of it: %v", err)
	}
}
