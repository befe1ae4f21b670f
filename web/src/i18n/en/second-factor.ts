export const secondFactor = {
  secondFactor: {
    code: "Code",
    codeHint: "The six digits that your authenticator app shows now.",
    codeWrong: "A code has six digits.",
    enrolHeading: "Set up your second factor",
    enrolBody:
      "From now on a code from your phone is needed beside the password. Add this account to an authenticator app, then type the code it shows.",
    picture: "A code that the app reads with the phone’s camera",
    open: "Open in the app on this device",
    secret: "Or type this key into the app",
    confirm: "Confirm",
    back: "Other number or password",
  },
};
