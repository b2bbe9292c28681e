package vault

import (
	"sync"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
)

// cacheSize is how many keys are kept in memory: about 1 KB each.
const cacheSize = 16384

// cache holds living keys, found by subject and by id. What was forgotten while a
// reader was asking the database is not put back by that reader: it hands in the epoch
// from before its question, and every forgetting begins a new one.
type cache struct {
	mu        sync.Mutex
	epoch     uint64
	byID      *lru.LRU[KeyID, Key]
	bySubject map[string]KeyID // exactly the keys in byID
}

func newCache(size int) *cache {
	c := &cache{bySubject: map[string]KeyID{}}
	byID, err := lru.NewLRU(size, func(_ KeyID, k Key) {
		delete(c.bySubject, k.subject)
	})
	if err != nil {
		panic(err) // only for a size below 1
	}
	c.byID = byID
	return c
}

// now returns the epoch to hand to put.
func (c *cache) now() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch
}

func (c *cache) subject(subject string) (Key, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, ok := c.bySubject[subject]
	if !ok {
		return Key{}, false
	}
	return c.byID.Get(id)
}

func (c *cache) id(id KeyID) (Key, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byID.Get(id)
}

// put remembers living keys that were read after the epoch was asked for.
func (c *cache) put(epoch uint64, keys ...Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch != c.epoch {
		return
	}
	for _, k := range keys {
		if old, ok := c.bySubject[k.subject]; ok && old != k.id {
			c.byID.Remove(old) // a subject has one living key, and this is it
		}
		c.byID.Add(k.id, k)
		c.bySubject[k.subject] = k.id
	}
}

func (c *cache) forgetSubject(subject string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	if id, ok := c.bySubject[subject]; ok {
		c.byID.Remove(id)
	}
}

func (c *cache) forgetID(id KeyID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	c.byID.Remove(id)
}
