import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Heartbeat } from './redis-event-channel.js';

const LONG_MS = 10_000;

describe('a heartbeat', () => {
  let beats: string[];
  let silences: number;
  let heartbeat: Heartbeat;

  beforeEach(() => {
    jest.useFakeTimers();
    beats = [];
    silences = 0;
    heartbeat = new Heartbeat(
      (text) => beats.push(text),
      () => (silences += 1),
    );
  });

  afterEach(() => {
    heartbeat.stop();
    jest.useRealTimers();
  });

  it('is never silent while its beats come back', () => {
    const echoing = new Heartbeat(
      (text) => expect(echoing.receive(text)).toBe(true),
      () => (silences += 1),
    );
    echoing.start();
    jest.advanceTimersByTime(LONG_MS);
    echoing.stop();
    expect(silences).toBe(0);
  });

  it('reports silence within one and a half seconds', () => {
    heartbeat.start();
    jest.advanceTimersByTime(1_500);
    expect(beats).toHaveLength(2);
    expect(silences).toBeGreaterThan(0);
  });

  it('forgives a beat that is late once', () => {
    heartbeat.start();
    jest.advanceTimersByTime(900);
    heartbeat.receive(beats[0]!);
    jest.advanceTimersByTime(500);
    expect(silences).toBe(0);
  });

  it('does not mistake the beat of another process for its own', () => {
    heartbeat.start();
    for (let round = 0; round < 20; round += 1) {
      jest.advanceTimersByTime(100);
      expect(heartbeat.receive('hanother process')).toBe(true);
    }
    expect(silences).toBeGreaterThan(0);
  });

  it('does not consume events', () => {
    expect(heartbeat.receive('ekey')).toBe(false);
  });

  it('is silent once it is stopped', () => {
    heartbeat.start();
    heartbeat.stop();
    jest.advanceTimersByTime(LONG_MS);
    expect([beats, silences]).toEqual([[], 0]);
  });
});
