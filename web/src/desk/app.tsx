/** The desk behind its door. */

import { Desk } from "./desk";
import { StaffDoor } from "./door";

export const DeskApp = () => <StaffDoor Inside={Desk} />;
