/** Who is emulated: one line for each vendor. */
import { createGoogleOauth } from './oauth/vendor.ts';
import { createGoogleSheets } from './sheets/vendor.ts';
import type { CreateVendor } from './vendor.ts';

export const vendors: readonly CreateVendor[] = [createGoogleOauth, createGoogleSheets];
