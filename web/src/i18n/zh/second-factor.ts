import type { Texts } from "../en";

export const secondFactor: Pick<Texts, "secondFactor"> = {
  secondFactor: {
    code: "验证码",
    codeHint: "验证器应用此刻显示的六位数字。",
    codeWrong: "验证码是六位数字。",
    enrolHeading: "设置第二重验证",
    enrolBody: "从现在起，除密码外还需要手机上的验证码。请把这个账号添加到验证器应用，再输入它显示的数字。",
    picture: "供应用用手机摄像头扫描的二维码",
    open: "在本机的应用中打开",
    secret: "或者在应用中输入这个密钥",
    confirm: "确认",
    back: "换工号或密码",
  },
};
