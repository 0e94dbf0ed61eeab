/**
 * A map that works without tiles, and a list with the same content: pins are for the mouse, the list for the keyboard.
 */
import L from 'leaflet';
import { useEffect, useRef } from 'preact/hooks';
import { useSession } from '../../app/session.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { playgroundMessages } from './messages.ts';

export interface Pin {
  readonly key: string;
  readonly label: string;
  readonly latitude: number;
  readonly longitude: number;
}

interface MapProps {
  readonly pins: readonly Pin[];
  readonly isLine?: boolean;
  readonly onPick?: (latitude: number, longitude: number) => void;
}

const tashkent: L.LatLngTuple = [41.311, 69.279];
const closest = 16;
const pinPx = 26;

export function PlaceMap({ pins, isLine = false, onPick }: MapProps) {
  const t = useMessages(playgroundMessages);
  const { tile_url: tileUrl } = useSession();
  const [zoomIn, zoomOut] = [t('zoomIn'), t('zoomOut')];
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<L.Map | null>(null);
  const layer = useRef<L.LayerGroup | null>(null);
  const pick = useRef(onPick);
  pick.current = onPick;
  useEffect(() => {
    if (box.current === null) return;
    const made = L.map(box.current, {
      center: tashkent,
      zoom: 11,
      attributionControl: tileUrl !== null,
      keyboard: true,
      zoomControl: false,
    });
    L.control.zoom({ zoomInTitle: zoomIn, zoomOutTitle: zoomOut }).addTo(made);
    if (tileUrl !== null) {
      L.tileLayer(tileUrl, {
        maxZoom: 19,
        attribution: '© OpenStreetMap contributors',
        referrerPolicy: 'strict-origin-when-cross-origin',
      }).addTo(made);
      made.attributionControl.setPrefix(false);
    }
    made.on('click', (event) => pick.current?.(event.latlng.lat, event.latlng.lng));
    layer.current = L.layerGroup().addTo(made);
    map.current = made;
    const watch = new ResizeObserver(() => made.invalidateSize());
    watch.observe(box.current);
    return () => {
      watch.disconnect();
      made.remove();
      map.current = null;
    };
  }, [tileUrl, zoomIn, zoomOut]);
  const shape = JSON.stringify(pins);
  useEffect(() => {
    const made = map.current;
    const group = layer.current;
    if (made === null || group === null) return;
    const shown = JSON.parse(shape) as Pin[];
    const points = shown.map(({ latitude, longitude }): L.LatLngTuple => [latitude, longitude]);
    if (points.length > 0) made.fitBounds(L.latLngBounds(points).pad(0.3), { maxZoom: closest, animate: false });
    const drawPin = (pin: Pin, index: number): void => {
      const pixel = made.latLngToContainerPoint(points[index] as L.LatLngTuple);
      const before = points.slice(0, index);
      const covered = before.filter((one) => made.latLngToContainerPoint(one).distanceTo(pixel) < pinPx).length;
      const marker = document.createElement('span');
      marker.textContent = String(index + 1);
      L.marker([pin.latitude, pin.longitude], {
        icon: L.divIcon({
          className: `map-pin map-pin-${index % 6}`,
          html: marker,
          iconSize: [pinPx, pinPx],
          // Pins that would cover one another are drawn side by side.
          iconAnchor: [pinPx / 2 - covered * 22, pinPx / 2],
        }),
        title: pin.label,
        alt: pin.label,
        keyboard: false,
      }).addTo(group);
    };
    const draw = (): void => {
      group.clearLayers();
      for (const [index, pin] of shown.entries()) drawPin(pin, index);
      if (isLine && points.length > 1) L.polyline(points, { className: 'map-line' }).addTo(group);
    };
    draw();
    made.on('zoomend', draw);
    return () => void made.off('zoomend', draw);
  }, [shape, isLine, zoomIn]);
  return (
    <div class="map-panel">
      <section class={`map ${tileUrl === null ? 'map-empty' : ''}`} ref={box} aria-label={t('map')} />
      <p class="hint">
        {tileUrl === null && t('noTiles')} {onPick !== undefined && t('mapHint')}
      </p>
    </div>
  );
}
