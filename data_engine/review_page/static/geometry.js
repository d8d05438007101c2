// Places, rings and what they hold; all in pixels of the image, nothing of the screen.

export function bounded([x, y], size) {
  const round = (value, most) => Math.round(10 * Math.min(Math.max(0, value), most)) / 10;
  return [round(x, size.width), round(y, size.height)];
}

export function pathOf(rings) {
  return rings.map((ring) => `M${ring.map(([x, y]) => `${x} ${y}`).join("L")}Z`).join("");
}

export function areaOf(ring) {
  let twice = 0;
  ring.forEach(([x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length];
    twice += x * nextY - nextX * y;
  });
  return Math.abs(twice) / 2;
}

// Whether an odd number of the rings hold a place.
export function holds(rings, [x, y]) {
  let isInside = false;
  for (const ring of rings) {
    ring.forEach(([ax, ay], i) => {
      const [bx, by] = ring[(i + 1) % ring.length];
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) isInside = !isInside;
    });
  }
  return isInside;
}

// The leftmost, topmost, rightmost and bottommost of some places.
export function extremesOf(places) {
  const by = (better) => places.reduce((best, place) => (better(place, best) ? place : best));
  return [by((a, b) => a[0] < b[0]), by((a, b) => a[1] < b[1]), by((a, b) => a[0] > b[0]), by((a, b) => a[1] > b[1])];
}

export function boxOf([ax, ay], [bx, by]) {
  const [left, right, top, bottom] = [Math.min(ax, bx), Math.max(ax, bx), Math.min(ay, by), Math.max(ay, by)];
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

// The area that the boxes around two sets of places share, as a share of what both cover.
export function sharedByBoxes(some, others) {
  const [a, b] = [some, others].map((places) => {
    const [left, top, right, bottom] = extremesOf(places);
    return { left: left[0], top: top[1], right: right[0], bottom: bottom[1], area: (right[0] - left[0]) * (bottom[1] - top[1]) };
  });
  const width = Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left));
  const height = Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  return (width * height) / (a.area + b.area - width * height || 1);
}

// What stands until a mask is predicted: the four places joined, or their box where these hold nothing.
export function joined(places) {
  const [left, top, right, bottom] = extremesOf(places);
  const ring = [left, top, right, bottom];
  return areaOf(ring) > 1 && !crossesItself(ring) ? ring : boxOf([left[0], top[1]], [right[0], bottom[1]]);
}

export function nearestVertex(rings, place, reach) {
  let best = null;
  rings.forEach((ring, r) => ring.forEach((vertex, v) => {
    const away = Math.hypot(vertex[0] - place[0], vertex[1] - place[1]);
    if (away <= (best ? best.away : reach)) best = { ring: r, vertex: v, away };
  }));
  return best;
}

// The edge that passes a place; `vertex` is where a new vertex would stand in its ring.
export function nearestEdge(rings, [x, y], reach) {
  let best = null;
  rings.forEach((ring, r) => ring.forEach(([ax, ay], i) => {
    const [bx, by] = ring[(i + 1) % ring.length];
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const along = length ? Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
    const away = Math.hypot(ax + along * (bx - ax) - x, ay + along * (by - ay) - y);
    if (away <= (best ? best.away : reach)) best = { ring: r, vertex: i + 1, away };
  }));
  return best;
}

export function crossesItself(ring) {
  const n = ring.length;
  const turn = (a, b, c) => Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
  for (let i = 0; i < n; i += 1) {
    for (let j = i + 2; j < n; j += 1) {
      if (i === 0 && j === n - 1) continue;
      const [a, b, c, d] = [ring[i], ring[i + 1], ring[j], ring[(j + 1) % n]];
      if (turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0) return true;
    }
  }
  return false;
}

export function withVertex(rings, { ring, vertex }, place) {
  return rings.map((old, r) => (r === ring ? old.map((each, v) => (v === vertex ? place : each)) : old));
}

export function withInserted(rings, { ring, vertex }, place) {
  return rings.map((old, r) => (r === ring ? [...old.slice(0, vertex), place, ...old.slice(vertex)] : old));
}

// A ring of three loses the whole ring with a vertex.
export function withoutVertex(rings, { ring, vertex }) {
  const left = rings.map((old, r) => (r === ring ? old.filter((_, v) => v !== vertex) : old));
  return left.filter((each) => each.length > 2);
}
